//! How the API behaves where that is not settled.

use tokio::time::Duration;

/// What answers say of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// The server's clock.
    #[default]
    Right,
    /// Nothing.
    Missing,
    /// One front end of three is an hour ahead.
    Wrong,
}

/// How the API behaves where that is not settled.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// Until a machine shows in the list.
    pub list_lag: Duration,
    /// Until a template group shows in the list.
    pub group_lag: Duration,
    /// Until a machine shows by its id.
    pub id_lag: Duration,
    /// How long one that was deleted still shows.
    pub delete_lag: Duration,
    /// Until it runs.
    pub boot: Duration,
    /// How much longer than other calls a rent takes, the machine being made at its begin.
    pub rent: Duration,
    /// A rent is answered with an id.
    pub names_machines: bool,
    /// A new group is answered with an id.
    pub names_groups: bool,
    /// Details carry the environment.
    pub shows_env: bool,
    /// Rows of lists carry the details.
    pub full_rows: bool,
    /// What lists say of the time.
    pub dates: Dates,
}

impl Default for Manners {
    fn default() -> Manners {
        Manners {
            list_lag: Duration::ZERO,
            group_lag: Duration::ZERO,
            id_lag: Duration::ZERO,
            delete_lag: Duration::ZERO,
            boot: Duration::from_secs(5),
            rent: Duration::ZERO,
            names_machines: true,
            names_groups: false,
            shows_env: true,
            full_rows: false,
            dates: Dates::Right,
        }
    }
}
