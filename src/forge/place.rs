//! Where a review is posted: what the variables of a job say, unless flags say otherwise.

use super::calls::Calls;
use super::forgejo::Forgejo;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::issues::Issue;
use super::post::Forge;
use super::wire::Wire;
use crate::http::{Endpoint, Login, Options, Transport};
use secrecy::SecretString;
use serde_json::Value as Json;

/// The forges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// github.com, and GitHub Enterprise.
    GitHub,
    /// gitlab.com, and GitLab of one's own.
    GitLab,
    /// Forgejo, Codeberg, Gitea.
    Forgejo,
}

/// What flags say of the place.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The pull request.
    pub pull: Option<u64>,
    /// The repository, or the project.
    pub repository: Option<String>,
    /// The base of the API.
    pub api: Option<String>,
    /// The commit.
    pub commit: Option<String>,
}

/// What the environment and the file of the event say.
pub struct Job<'a> {
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// What happened, as GitHub and Forgejo write it into a file.
    pub event: Option<Json>,
}

/// Where to post.
pub struct Place {
    /// The forge.
    pub forge: Forge,
    /// The commit, where it is known.
    pub commit: Option<String>,
}

impl Kind {
    /// Variables that may hold the token, the first that is set counts. Never a flag: whoever lists processes reads those.
    pub fn tokens(self) -> &'static [&'static str] {
        match self {
            Kind::GitHub => &["GITHUB_TOKEN", "GH_TOKEN"],
            Kind::GitLab => &["PODFORM_GITLAB_TOKEN", "GITLAB_TOKEN"],
            Kind::Forgejo => &["FORGEJO_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"],
        }
    }

    fn login(self) -> Login {
        match self {
            Kind::GitHub => Login::Bearer,
            Kind::GitLab => Login::PrivateToken,
            Kind::Forgejo => Login::Token,
        }
    }
}

impl Job<'_> {
    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| (self.variable)(name).filter(|value| !value.trim().is_empty()))
    }

    fn event_number(&self, path: &[&str]) -> Option<u64> {
        self.event_at(path)?.as_u64()
    }

    fn event_at(&self, path: &[&str]) -> Option<&Json> {
        path.iter().try_fold(self.event.as_ref()?, |at, name| at.get(name))
    }

    /// `refs/pull/12/merge`.
    fn pull_of_ref(&self) -> Option<u64> {
        self.first(&["GITHUB_REF"])?.strip_prefix("refs/pull/")?.split('/').next()?.parse().ok()
    }
}

/// The place that flags and the job name. `needs_pull`: without a pull request nothing can be done.
///
/// # Errors
/// A sentence: what is missing, and where it is looked for.
pub fn place(kind: Kind, asked: &Asked, job: &Job<'_>, needs_pull: bool, patience: u32) -> Result<Place, String> {
    let tokens = kind.tokens();
    let token = job.first(tokens).ok_or_else(|| format!("no token: set {}", tokens.join(" or ")))?;
    let missing = |what: &str, flag: &str, names: &str| format!("{what} is not known: give {flag}, or set {names}");
    let (repository, api, pull, commit) = match kind {
        Kind::GitHub | Kind::Forgejo => {
            let api = match kind {
                Kind::GitHub => job.first(&["GITHUB_API_URL"]).or_else(|| Some("https://api.github.com".to_owned())),
                Kind::Forgejo | Kind::GitLab => job.first(&["FORGEJO_API_URL", "GITHUB_API_URL"]).or_else(|| {
                    let server = job.first(&["FORGEJO_SERVER_URL", "GITHUB_SERVER_URL"])?;
                    Some(format!("{}/api/v1", server.trim_end_matches('/')))
                }),
            };
            let head = job.event_at(&["pull_request", "head", "sha"]).and_then(Json::as_str).map(str::to_owned);
            (
                job.first(&["GITHUB_REPOSITORY"])
                    .ok_or_else(|| missing("the repository", "-repository", "GITHUB_REPOSITORY")),
                api.ok_or_else(|| missing("the API", "-api-url", "GITHUB_API_URL")),
                job.event_number(&["pull_request", "number"]).or_else(|| job.pull_of_ref()),
                // A pull request is built as a merge: the commit that people see is its head.
                head.or_else(|| job.first(&["GITHUB_SHA"])),
            )
        }
        Kind::GitLab => (
            job.first(&["CI_PROJECT_ID", "CI_PROJECT_PATH"])
                .ok_or_else(|| missing("the project", "-repository", "CI_PROJECT_ID")),
            job.first(&["CI_API_V4_URL"]).ok_or_else(|| missing("the API", "-api-url", "CI_API_V4_URL")),
            job.first(&["CI_MERGE_REQUEST_IID"]).and_then(|iid| iid.parse().ok()),
            job.first(&["CI_COMMIT_SHA"]),
        ),
    };
    let repository = asked.repository.clone().map_or(repository, Ok)?;
    let api = asked.api.clone().map_or(api, Ok)?;
    let pull = match asked.pull.or(pull) {
        Some(pull) => pull,
        None if !needs_pull => 0,
        None => {
            let names =
                if kind == Kind::GitLab { "CI_MERGE_REQUEST_IID" } else { "GITHUB_EVENT_PATH of a pull request" };
            return Err(missing("the pull request", "-pr", names));
        }
    };
    let endpoint = Endpoint::parse(&api).map_err(|error| error.to_string())?;
    let options = Options { login: kind.login(), ..Options::default() };
    let transport = Transport::new(endpoint, &SecretString::from(token), options).map_err(|error| error.to_string())?;
    let wire: Box<dyn Wire> = match kind {
        Kind::GitHub => Box::new(GitHub(Issue { repository, pull })),
        Kind::Forgejo => Box::new(Forgejo(Issue { repository, pull })),
        Kind::GitLab => Box::new(GitLab { project: repository, merge_request: pull }),
    };
    let commit = asked.commit.clone().or(commit);
    Ok(Place { forge: Forge::new(wire, Calls::new(transport, patience)), commit })
}
