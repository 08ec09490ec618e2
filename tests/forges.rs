//! Reviews at forges: one comment a fleet, found again and changed in place, whatever goes wrong on the way; and what was
//! reviewed there is what is applied.

mod server;

use crate::fleet::{Fleet, text};
use crate::scenarios::podform;
use server::{Fault, Manners, Server};
use std::process::Output;

const FLEET: &str = r#"
podform {
  fleet = "lab"
}

variable "size" {
  default = 1
}

resource "simplepod_template_group" "base" {
  name       = "lab-base"
  image_name = "ubuntu"
}

resource "simplepod_instance" "worker" {
  count             = var.size
  gpu_model         = "RTX 4090"
  max_price_per_gpu = 0.60
  template_group    = simplepod_template_group.base.id
}
"#;

const ALL: [Manners; 3] = [Manners::GitHub, Manners::GitLab, Manners::Forgejo];

fn fleet() -> Fleet {
    let fleet = Fleet::new(&[("main.hcl", FLEET)]);
    fleet.run(&["plan", "-out=p"], 0);
    fleet
}

fn name(manners: Manners) -> &'static str {
    match manners {
        Manners::GitHub => "github",
        Manners::GitLab => "gitlab",
        Manners::Forgejo => "forgejo",
    }
}

/// Runs the program as a job of the forge.
fn job(server: &Server, manners: Manners, fleet: &Fleet, arguments: &[&str]) -> Output {
    let variables: &[(&str, &str)] = match manners {
        Manners::GitHub => &[
            ("GITHUB_TOKEN", "a-token"),
            ("GITHUB_REPOSITORY", "acme/fleet"),
            ("GITHUB_REF", "refs/pull/7/merge"),
            ("GITHUB_SHA", "abc"),
        ],
        Manners::Forgejo => &[
            ("FORGEJO_TOKEN", "a-token"),
            ("GITHUB_REPOSITORY", "acme/fleet"),
            ("GITHUB_REF", "refs/pull/7/head"),
            ("GITHUB_SHA", "abc"),
        ],
        Manners::GitLab => &[
            ("PODFORM_GITLAB_TOKEN", "a-token"),
            ("CI_PROJECT_ID", "42"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_COMMIT_SHA", "abc"),
        ],
    };
    let url = match manners {
        Manners::GitLab => "CI_API_V4_URL",
        _ => "GITHUB_API_URL",
    };
    let mut command = podform();
    command.current_dir(fleet.path()).args(arguments).env("PODFORM_SANDBOX", "1").env(url, &server.url);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(!text(&output).contains("a-token"), "the token is shown: {}", text(&output));
    output
}

#[track_caller]
fn posts(server: &Server, manners: Manners, fleet: &Fleet, more: &[&str], code: i32) -> String {
    let output = job(server, manners, fleet, &[&["review", "p", "-post", name(manners)], more].concat());
    assert_eq!(output.status.code(), Some(code), "{manners:?} {more:?}: {}", text(&output));
    text(&output)
}

#[test]
fn a_review_is_one_comment_that_changes_in_place() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        // More comments than a page holds, and somebody who writes our key.
        (0..130).for_each(|n| server.comment("person", &format!("comment {n}")));
        server.comment("mallory", "<!-- podform-review v1 fleet=lab key= digest=sha256:00 -->");
        assert!(posts(&server, manners, &fleet, &[], 0).contains("was posted"));
        assert!(posts(&server, manners, &fleet, &[], 0).contains("says this already"));
        fleet.run(&["plan", "-out=p", "-var=size=2"], 0);
        assert!(posts(&server, manners, &fleet, &[], 0).contains("was changed"));
        assert!(
            posts(&server, manners, &fleet, &["-key=nightly"], 0).contains("was posted"),
            "another job's is another"
        );
        let held = server.held();
        let own: Vec<&String> = held.comments.iter().filter(|c| c.1 == "robot").map(|c| &c.2).collect();
        assert_eq!(own.len(), 2, "{manners:?}: {own:?}");
        assert!(own[0].contains("3 to add"), "{}", own[0]);
    }
}

#[test]
fn whatever_goes_wrong_nothing_is_posted_twice() {
    for manners in ALL {
        let (post, list) = match manners {
            Manners::GitLab => ("/notes", "/notes"),
            _ => ("/comments", "/comments"),
        };
        for faults in [
            vec![("POST", post, Fault::After(502))],
            vec![("POST", post, Fault::After(500)), ("GET", list, Fault::Before(503, None))],
            vec![("POST", post, Fault::Before(429, Some(1)))],
            vec![("GET", list, Fault::Before(502, None)), ("GET", "/user", Fault::Before(500, None))],
        ] {
            let (server, fleet) = (Server::start(manners), fleet());
            server.held().faults = faults.clone();
            posts(&server, manners, &fleet, &[], 0);
            let held = server.held();
            assert!(held.faults.is_empty(), "{manners:?} {faults:?}: not all were met: {:?}", held.calls);
            assert_eq!(held.comments.len(), 1, "{manners:?} {faults:?}: {:?}", held.calls);
        }
        // What was not done, and nobody said so, is not repeated: the next run writes it.
        let (server, fleet) = (Server::start(manners), fleet());
        server.held().faults = vec![("POST", post, Fault::Before(502, None))];
        assert!(posts(&server, manners, &fleet, &[], 1).contains("looked for 3 times"));
        posts(&server, manners, &fleet, &[], 0);
        assert_eq!(server.held().comments.len(), 1);
    }
}

#[test]
fn older_reviews_stay_or_are_folded_away() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        posts(&server, manners, &fleet, &[], 0);
        posts(&server, manners, &fleet, &["-mode=new"], 0);
        assert_eq!(server.held().comments.len(), 2);
        posts(&server, manners, &fleet, &["-mode=minimize"], 0);
        let held = server.held();
        assert_eq!(held.comments.len(), 3);
        let folded = |comment: &&(u64, String, String, bool)| comment.3 || comment.2.starts_with("<details>");
        assert_eq!(held.comments.iter().filter(folded).count(), 2, "{manners:?}");
        assert!(held.comments[2].2.starts_with("<!-- podform-review"));
    }
}

#[test]
fn a_token_that_only_reads_leaves_the_review_in_the_summary() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        let post = if manners == Manners::GitLab { "/notes" } else { "/comments" };
        let refuse = || vec![("POST", post, Fault::Before(403, None))];
        server.held().faults = refuse();
        let shown = posts(&server, manners, &fleet, &[], 0);
        assert!(shown.contains("may not post") && shown.contains("2 to add"), "{shown}");
        server.held().faults = refuse();
        let shown = posts(&server, manners, &fleet, &["-require-post"], 1);
        assert!(shown.contains("Review cannot be posted"), "{shown}");
        assert!(server.held().comments.is_empty());
    }
}

#[test]
fn plans_without_changes_post_nothing_new() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        fleet.run(&["apply", "-auto-approve"], 0);
        fleet.run(&["plan", "-out=q"], 0);
        let review = |plan: &str| {
            let arguments = ["review", plan, "-post", name(manners), "-skip-no-changes"];
            let output = job(&server, manners, &fleet, &arguments);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        };
        review("q");
        assert!(server.held().comments.is_empty());
        review("p");
        review("q");
        let held = server.held();
        assert_eq!(held.comments.len(), 1);
        assert!(held.comments[0].2.contains("No changes"), "a comment that stands tells the truth");
    }
}

#[test]
fn verdicts_on_commits_carry_their_findings() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        fleet.run(&["apply", "-auto-approve"], 0);
        fleet.run(&["plan", "-out=p", "-var=size=0"], 0);
        posts(&server, manners, &fleet, &["-check"], 0);
        let held = server.held();
        let check = held.checks.first().expect("a verdict");
        if manners == Manners::GitHub {
            assert_eq!(check["conclusion"], "action_required");
            assert_eq!(check["output"]["annotations"][0]["path"], "main.hcl");
            assert_eq!(check["output"]["annotations"][0]["start_line"], 15);
        } else {
            assert_eq!(check["description"], "0 to add, 0 to change, 1 to destroy");
        }
    }
}

#[test]
fn the_token_of_a_job_knows_its_own_comments() {
    for manners in [Manners::GitHub, Manners::Forgejo] {
        let (server, fleet) = (Server::start(manners), fleet());
        server.held().login = None;
        posts(&server, manners, &fleet, &[], 0);
        posts(&server, manners, &fleet, &[], 0);
        assert_eq!(server.held().comments.len(), 1, "{manners:?}");
    }
}

/// Branch, plan, comment, merge; the market moves; apply what was reviewed; nothing is left to do.
#[test]
fn what_was_reviewed_is_applied_after_the_merge() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        posts(&server, manners, &fleet, &[], 0);
        let from = ["apply", "-reviewed-from", name(manners)];
        let output = job(&server, manners, &fleet, &from);
        assert_eq!(output.status.code(), Some(1), "nothing was merged: {}", text(&output));
        server.held().merged = vec![7];
        // A comment of somebody else counts for nothing, whatever it says.
        let digest = format!("<!-- podform-review v1 fleet=lab key= digest=sha256:{} -->", "0".repeat(64));
        server.comment("mallory", &digest);
        let output = job(&server, manners, &fleet, &[&from[..], &["-var=size=3"]].concat());
        assert_eq!(output.status.code(), Some(6), "it is another plan: {}", text(&output));
        assert!(text(&output).contains("Plan is not what was reviewed"));
        // Whoever is trusted is trusted.
        let output = job(&server, manners, &fleet, &[&from[..], &["-trusted-author=mallory"]].concat());
        assert_eq!(output.status.code(), Some(6), "{}", text(&output));
        let output = job(&server, manners, &fleet, &from);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).contains("Apply complete!"));
        assert!(fleet.run(&["plan"], 0).contains("No changes."));
    }
}

/// Two jobs find no comment, and both write one.
#[test]
fn of_two_runs_at_once_one_comment_remains() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        let post = if manners == Manners::GitLab { "/notes" } else { "/comments" };
        server.held().faults = vec![("POST", post, Fault::Beside)];
        assert!(posts(&server, manners, &fleet, &[], 0).contains("was changed"));
        {
            let held = server.held();
            assert_eq!(held.comments.len(), 1, "{manners:?}: {:?}", held.calls);
            assert!(held.comments[0].2.contains("2 to add"), "the later one stands: {}", held.comments[0].2);
        }
        assert!(posts(&server, manners, &fleet, &[], 0).contains("says this already"));
    }
}

/// Whatever a forge, or what stands before it, answers: no panic, no token elsewhere, and nothing is said that is not so.
#[test]
fn hostile_answers_end_in_words() {
    const PAGE: &str = "<html><body>Sign in</body></html>";
    for manners in ALL {
        let (post, put) = match manners {
            Manners::GitLab => ("/notes", "PUT"),
            _ => ("/comments", "PATCH"),
        };
        let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let port = elsewhere.local_addr().unwrap().port();
        for fault in [
            ("GET", "/user", Fault::Instead(PAGE)),
            ("GET", "/user", Fault::Instead("{\"login\": \"\", \"username\": \"\"}")),
            ("GET", "/user", Fault::Elsewhere(port)),
            ("GET", post, Fault::Instead(PAGE)),
            ("GET", post, Fault::Instead("{\"message\": \"none\"}")),
            ("GET", post, Fault::Elsewhere(port)),
            ("POST", post, Fault::Instead(PAGE)),
            ("POST", post, Fault::Instead("{\"message\": \"no\"}")),
            ("POST", post, Fault::Elsewhere(port)),
        ] {
            let (server, fleet) = (Server::start(manners), fleet());
            server.held().faults = vec![fault];
            let shown = posts(&server, manners, &fleet, &[], 1);
            assert!(shown.contains("Review cannot be posted"), "{manners:?} {fault:?}: {shown}");
            assert!(server.held().comments.is_empty(), "{manners:?} {fault:?}");
        }
        let (server, fleet) = (Server::start(manners), fleet());
        // Rows of nobody, without a text, and of no form at all.
        server.held().faults = vec![(
            "GET",
            post,
            Fault::Instead("[{\"id\": 1, \"user\": null, \"author\": null, \"body\": null}, {\"id\": \"x\"}, null, 7]"),
        )];
        posts(&server, manners, &fleet, &[], 0);
        assert_eq!(server.held().comments.len(), 1);
        fleet.run(&["plan", "-out=p", "-var=size=2"], 0);
        server.held().faults = vec![(put, post, Fault::Instead(PAGE))];
        let shown = posts(&server, manners, &fleet, &[], 1);
        assert!(shown.contains("something else than a comment"), "{manners:?}: {shown}");
        assert!(elsewhere.accept().is_err(), "{manners:?}: somebody else was asked");
    }
    let (server, fleet) = (Server::start(Manners::GitHub), fleet());
    posts(&server, Manners::GitHub, &fleet, &[], 0);
    server.held().faults = vec![("POST", "/graphql", Fault::Instead("{\"errors\": [{\"message\": \"no\"}]}"))];
    assert!(posts(&server, Manners::GitHub, &fleet, &["-mode=minimize"], 1).contains("did not fold"));
}

#[test]
fn a_review_is_found_among_ten_thousand_comments() {
    for manners in ALL {
        let (server, fleet) = (Server::start(manners), fleet());
        posts(&server, manners, &fleet, &[], 0);
        (0..10_000).for_each(|n| server.comment("person", &format!("comment {n}")));
        assert!(posts(&server, manners, &fleet, &[], 0).contains("says this already"), "{manners:?}");
    }
}

/// What docs/review.md says to type is typed here.
#[test]
fn the_way_that_is_documented_is_a_way() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/review.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!blocks.is_empty());
    let (server, fleet) = (Server::start(Manners::GitHub), Fleet::new(&[("main.hcl", FLEET)]));
    for line in blocks.iter().flat_map(|block| block.lines()) {
        let arguments: Vec<&str> = line.strip_prefix("podform ").unwrap().split(' ').collect();
        if arguments[0] == "apply" {
            server.held().merged = vec![7];
        }
        let output = job(&server, Manners::GitHub, &fleet, &arguments);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output));
    }
    assert_eq!(server.held().comments.len(), 1);
    assert!(fleet.run(&["plan"], 0).contains("No changes."));
}
