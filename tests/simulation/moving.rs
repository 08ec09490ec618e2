//! A fleet that moves to cheaper offers: what could move is found in few plans, however many machines there are.
//!
//! `PODFORM_MACHINES=N` and `PODFORM_ROWS=N` make it larger; it prints how long it takes.

use super::cloud::World;
use super::fleet::{Block, Fleet, MODELS};
use super::histories::number;
use super::in_virtual_time;
use super::manners::Manners;
use super::run::{End, How, opened, run};
use jiff::SignedDuration;
use podform::diag::Diagnostics;
use podform::money::Usd;
use podform::plan::{Limits, moves};
use podform::planning::Look;
use podform::refresh::Ahead;
use podform::session::Planning;
use podform::session::rebalance::rebalance;

#[test]
fn all_that_pays_is_found() {
    let large = |name, usual| number(name).map_or(usual, |number| usize::try_from(number).unwrap());
    let (machines, rows) = (large("PODFORM_MACHINES", 20), large("PODFORM_ROWS", 400));
    in_virtual_time(async {
        let world = World::new(Manners::default());
        (0..machines).for_each(|n| world.account().offer(MODELS[0], 45 - i64::try_from(n % 20).unwrap()));
        let hcl = Fleet::of(Block::of(machines)).hcl();
        let how = How { hcl, ..How::default() };
        let End::Applied(result, _) = run(&world, &how).await else { panic!("nothing was rented") };
        assert!(!result.diagnostics.has_errors(), "{:?}", result.diagnostics);
        // As many rows are cheaper than every machine as there are machines, and no move may save less than 5 cents an hour,
        // of which a disk takes a part.
        let cents = |n| if n < machines { 24 } else { 50 };
        (0..rows).for_each(|n| world.account().offer(MODELS[0], cents(n)));
        let dear = (0..machines).filter(|n| 45 - n % 20 > 24 + 5).count();
        let found = opened(&world, world.store(), &how, async |session, mut held| {
            let (planning, mut diags) = (Planning::default(), Diagnostics::new());
            let look = held.look(session, &planning, true, &mut diags).await;
            let Look { snapshot, market, .. } = look.unwrap_or_else(|diags| panic!("{diags:?}"));
            let offers = Ahead::arrived(market).await.unwrap().offers;
            let limits = Limits {
                min_saving: Usd("36.5".parse().unwrap()),
                max_disruptions: None,
                min_age: SignedDuration::ZERO,
            };
            let began = std::time::Instant::now();
            let (on, how) = ((&held.state, &snapshot), (&planning.options, &offers[..]));
            let made = rebalance(session, on, how, &limits, &mut diags).await;
            let (plan, _) = made.unwrap_or_else(|diags| panic!("{diags:?}"));
            println!("{machines} machines x {rows} rows: {:?}", began.elapsed());
            Ok(moves(&plan).len())
        });
        assert_eq!(found.await.unwrap(), dear);
    });
}
