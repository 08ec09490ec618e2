//! The market, wholly (API sheet, C20).

use super::field::Row;
use super::offers::{offer, told_apart};
use super::query::MarketQuery;
use super::retry::{Call, Retry};
use super::stream::Rows;
use crate::cloud::{CallError, ErrorKind, ReadResult};
use crate::http::{Request, Transport};
use crate::live::Offer;
use crate::schema::PriceBasis;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tracing::info;

/// Rows a page of the market: what the vendor's own script asks for (API sheet, C20).
const PAGE: usize = 1000;
/// Pages of the market that are read side by side behind a full one: a market of tens of thousands of rows has dozens, and a
/// wrong guess costs three calls at its end.
const SIDE_BY_SIDE: usize = 4;
/// Pages of the market that are read at most.
const MOST_PAGES: usize = 1000;

/// What reads it.
#[derive(Debug)]
pub(super) struct Market {
    transport: Arc<Transport>,
    retry: Retry,
    price_basis: PriceBasis,
    /// It comes in one piece, whatever page is asked for: the server has shown so.
    is_whole: AtomicBool,
    /// How many rows the longest page had.
    rows: AtomicUsize,
}

impl Market {
    /// Nothing is sent.
    pub(super) fn new(transport: Arc<Transport>, retry: Retry, price_basis: PriceBasis) -> Self {
        Self { transport, retry, price_basis, is_whole: AtomicBool::new(false), rows: AtomicUsize::new(0) }
    }

    /// Its rows. Whether it has pages is not known: they are read until one is empty, or repeats what is known; behind a full
    /// one some side by side.
    pub(super) async fn read(&self, query: &MarketQuery) -> ReadResult<Vec<Offer>> {
        let (mut all, mut known, mut unusable) = (Vec::new(), HashSet::new(), 0);
        let (mut ahead, mut at_once) = (VecDeque::new(), 1);
        for page in 1..=MOST_PAGES {
            if ahead.is_empty() {
                let pages = (page..page + at_once).map(|page| self.page(query, page));
                ahead.extend(futures::future::join_all(pages).await);
            }
            let Some(read) = ahead.pop_front() else { break };
            let (mut rows, dropped, status) = read?;
            let (count, before) = (rows.len() + dropped, known.len());
            at_once = if count == PAGE { SIDE_BY_SIDE } else { 1 };
            rows.retain(|row| known.insert((row.iri.clone(), row.gpu_count)));
            // The first may be all of them: tens of thousands, which are not held twice.
            match all.is_empty() {
                true => all = rows,
                false => all.append(&mut rows),
            }
            unusable += dropped;
            if count > 0 && all.is_empty() {
                let message = format!("{count} rows without a usable price, model or number of GPUs, and no other one");
                let call = "GET /instances/market/list".into();
                return Err(CallError { kind: ErrorKind::Protocol, call, status: Some(status), message });
            }
            // More than a page holds, or the same once more: all of it came at once, and will again.
            if count > PAGE || page > 1 && count > 0 && known.len() == before {
                self.is_whole.store(true, Ordering::Relaxed);
            }
            if count == 0 || self.is_whole.load(Ordering::Relaxed) {
                break;
            }
        }
        if unusable > 0 {
            info!("GET /instances/market/list: {unusable} rows without a usable price, model or number of GPUs");
        }
        drop(known);
        Ok(told_apart(all, self.price_basis))
    }

    /// One page of the market: its rows, how many cannot be used, and the status of the answer.
    async fn page(&self, query: &MarketQuery, page: usize) -> ReadResult<(Vec<Offer>, usize, u16)> {
        let paging = [("page".to_owned(), page.to_string()), ("itemsPerPage".to_owned(), PAGE.to_string())];
        let query = query.pairs().into_iter().chain(paging).collect();
        let request = Request { path: "/instances/market/list".into(), query, ..Request::default() };
        let call = Call::new(&self.transport, &self.retry, request, Vec::new());
        let limit = self.transport.options().max_body;
        let unusable = AtomicUsize::new(0);
        let read = |_: &str, row: Option<Row<'_>>| {
            let offer = row.and_then(|row| offer(&row));
            unusable.fetch_add(usize::from(offer.is_none()), Ordering::Relaxed);
            Ok(offer)
        };
        let reader = || {
            unusable.store(0, Ordering::Relaxed);
            // Whoever reads it first waits for it; later it is read beside rents, which need a processor too.
            let rows = self.rows.load(Ordering::Relaxed);
            Rows::new(limit, read).of_about(rows).urgently(rows == 0)
        };
        let (rows, answer) = call.read_with(reader).await?;
        self.rows.fetch_max(rows.len(), Ordering::Relaxed);
        Ok((rows, unusable.load(Ordering::Relaxed), answer.status))
    }
}
