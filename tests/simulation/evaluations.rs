//! How often a plan evaluates what a configuration says.

use super::cloud::World;
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{WINDOW, fleet};
use podform::diag::Diagnostics;
use podform::lang::Effects;
use podform::lang::reference::NoScope;
use podform::plan::{Action, PlanOptions};
use podform::planning::{Look, Market};
use podform::refresh::Clock;
use podform::session::{Planning, Session};
use podform::state::{AccountIdentity, State};
use secrecy::SecretString;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts how often it is asked for the time of the plan.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Counting {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Effects for Counting {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, String> {
        NoScope.read_file(path)
    }
    fn file_exists(&self, path: &str) -> Result<bool, String> {
        NoScope.file_exists(path)
    }
    fn fileset(&self, path: &str, pattern: &str) -> Result<Vec<String>, String> {
        NoScope.fileset(path, pattern)
    }
    fn absolute(&self, path: &str) -> Result<String, String> {
        NoScope.absolute(path)
    }
    fn home(&self) -> Option<String> {
        None
    }
    fn now(&self) -> Option<String> {
        None
    }
    fn plan_time(&self) -> Option<String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some("2026-01-01T00:00:00Z".to_owned())
    }
    fn random(&self) -> Option<[u8; 16]> {
        None
    }
}

const FLEET: &str = r#"
podform { fleet = "sim" }
resource "simplepod_template_group" "g" {
  name       = "g"
  image_name = "img"
}
resource "simplepod_instance" "a" {
  count             = 3
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.5
  template_group    = simplepod_template_group.g.id
  start_script      = plantimestamp()
}
"#;

/// How often a plan of a new fleet evaluates an argument of it, after the fleet was loaded.
async fn evaluations(hcl: &str) -> usize {
    let counting = Counting::default();
    let world = World::new(Manners::default());
    (0..3).for_each(|_| world.account().offer("RTX 4090", 30));
    let fleet = fleet(hcl, &counting);
    let now = world.account().now();
    let session = Session {
        fleet: &fleet,
        cloud: &world,
        account: &AccountIdentity { base_url: "https://sim".into(), key_fingerprint: "f".into() },
        state_key: &SecretString::from("key"),
        blind: false,
        settle_window: WINDOW,
        planning: &counting,
        applying: &NoScope,
        clock: Clock::new(now),
    };
    counting.take();
    let state = State { lineage: "l".to_owned(), ..State::default() };
    let Look { snapshot, market, .. } = session.look(&state, &Planning::default(), false).await.unwrap();
    assert!(market.is_none(), "nobody said that something will be rented");
    let (options, mut diags) = (PlanOptions::default(), Diagnostics::new());
    let made = session.plan_on((&state, &snapshot), &options, Market::Api(market), &mut diags).await;
    let made = made.unwrap_or_else(|diags| panic!("{diags:?}"));
    assert_eq!(made.plan.count(Action::Create), 4);
    assert!(made.market.is_some(), "what is rented needs the market");
    counting.take()
}

#[test]
fn a_plan_evaluates_its_configuration_once() {
    assert_eq!(in_virtual_time(evaluations(FLEET)), 3);
}

#[test]
fn what_is_not_wanted_now_asks_for_no_market() {
    let hcl = FLEET.replace("  count", "  schedule {\n    on = [\"daily 08:00-20:00\"]\n  }\n  count");
    let fleet = fleet(&hcl, &Counting::default());
    let asks = |time: &str| fleet.asks_for_more_than(&State::default(), time.parse().unwrap());
    assert_eq!((asks("2026-03-02T12:00:00Z"), asks("2026-03-02T21:00:00Z")), (true, false));
}
