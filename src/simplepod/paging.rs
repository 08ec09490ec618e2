//! Complete lists out of pages (API sheet §1, "Pagination").
//!
//! Only an empty page ends a list: servers clamp the size of pages silently, so that a short one proves nothing. Pages
//! are read ahead, side by side: as many as the expected number of rows needs and the empty one after them.

use crate::cloud::{CallError, Listed, ReadResult};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::future::Future;

/// How often a list is read again when its pages overlap. Every reading costs all pages; an account that changes
/// between the pages of three readings will not hold still for a fourth, and a row that is missed proves nothing
/// (invariant 8).
const REREADS: u32 = 2;
/// How many pages are read side by side where the length of the list is not known: one of them is needed, the other
/// costs a call where the list ends before it. More would be faster, and past the budget of calls of a plan.
const SIDE_BY_SIDE: usize = 2;
/// How many pages one round asks for at most, whatever was expected: 100,000 rows of 100. A wrong expectation costs no
/// more calls than these.
const MOST: usize = 1000;

/// One page: what tells rows apart, and the rows.
pub(super) struct Page<T> {
    pub(super) rows: Vec<(String, T)>,
    pub(super) date: Option<Timestamp>,
}

/// What is known before the first page.
#[derive(Clone, Copy)]
pub(super) struct Paging {
    /// Rows a page, as asked for.
    pub(super) size: usize,
    /// Rows of the whole list, as far as anybody can tell.
    pub(super) expected: Option<usize>,
    /// Pages under way at once.
    pub(super) concurrency: usize,
}

/// Reads a list wholly. `fetch` gets the number of the page, from 1, and its size.
pub(super) async fn complete<T, Fut>(paging: Paging, fetch: impl Fn(usize, usize) -> Fut) -> ReadResult<Listed<T>>
where
    Fut: Future<Output = ReadResult<Page<T>>>,
{
    let mut union = Union::of_about(paging.expected.unwrap_or_default().min(MOST * paging.size));
    let mut first = pass(paging, &fetch, &mut union).await?;
    let as_of = first.as_of;
    let mut size = paging.size;
    // A server that ignores the number of the page shows everything in one, unless that one is exactly full.
    while first.page_ignored && union.rows.len() == size && size < paging.size.saturating_mul(1000) {
        size = size.saturating_mul(10);
        first = pass(Paging { size, ..paging }, &fetch, &mut union).await?;
    }
    let mut again = first.overlapping;
    for _ in 0..REREADS {
        if !again {
            break;
        }
        // Rows that stood on two pages pushed others out of sight.
        let expected = Some(union.rows.len());
        again = pass(Paging { size, expected, ..paging }, &fetch, &mut union).await?.overlapping;
    }
    Ok(Listed { rows: union.rows, as_of })
}

/// All rows seen so far, the newest version of each.
struct Union<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
}

impl<T> Union<T> {
    /// With room for so many: a long list is not moved while it grows.
    fn of_about(rows: usize) -> Self {
        Self { rows: Vec::with_capacity(rows), places: HashMap::with_capacity(rows) }
    }

    fn add(&mut self, key: &str, row: T) {
        match self.places.get(key).and_then(|place| self.rows.get_mut(*place)) {
            Some(old) => *old = row,
            None => {
                self.places.insert(key.to_owned(), self.rows.len());
                self.rows.push(row);
            }
        }
    }
}

/// What one reading of the pages told, apart from the rows.
#[derive(Default)]
struct Pass {
    /// The earliest date of its pages: what is later may be missing.
    as_of: Option<Timestamp>,
    /// A row stood on two pages, or rows followed an empty page: some may have been missed.
    overlapping: bool,
    /// The server answers the same page whatever its number.
    page_ignored: bool,
}

async fn pass<T, Fut>(
    paging: Paging,
    fetch: &impl Fn(usize, usize) -> Fut,
    union: &mut Union<T>,
) -> Result<Pass, CallError>
where
    Fut: Future<Output = ReadResult<Page<T>>>,
{
    let mut told = Pass::default();
    let mut seen: HashSet<String> = HashSet::new();
    let mut first_page: Vec<String> = Vec::new();
    let mut read = 0;
    let mut ahead = paging.expected.map_or(1, |rows| rows.div_ceil(paging.size.max(1)) + 1).min(MOST);
    loop {
        let pages = stream::iter(read + 1..=read + ahead).map(|number| fetch(number, paging.size));
        let pages: Vec<ReadResult<Page<T>>> = pages.buffered(paging.concurrency.max(1)).collect().await;
        let mut ended = false;
        let known = seen.len();
        for (page, number) in pages.into_iter().zip(read + 1..) {
            let page = match page {
                Err(_) if ended => continue,
                page => page?,
            };
            told.as_of = match (told.as_of, page.date) {
                (Some(earlier), Some(date)) => Some(earlier.min(date)),
                (earlier, date) => earlier.or(date),
            };
            if page.rows.is_empty() {
                ended = true;
                continue;
            }
            let keys: Vec<String> = page.rows.iter().map(|(key, _)| key.clone()).collect();
            if number == 1 {
                first_page = keys;
            } else if keys == first_page {
                told.page_ignored = true;
                continue;
            }
            told.overlapping |= ended;
            for (key, row) in page.rows {
                told.overlapping |= !seen.insert(key.clone());
                union.add(&key, row);
            }
        }
        // Where no page brings anything new, nor will the next.
        if ended || told.page_ignored || seen.len() == known {
            return Ok(told);
        }
        read += ahead;
        // The size that the server really keeps.
        let size = first_page.len().max(1);
        let missing = paging.expected.map_or(0, |rows| (rows.div_ceil(size) + 1).saturating_sub(read));
        ahead = match paging.expected {
            // A short first page is the last one, most of the time.
            None if read == 1 && size < paging.size => 1,
            _ => missing.clamp(SIDE_BY_SIDE, MOST),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Reads `serve(page, size)` completely: the rows in order, and the pages asked for.
    async fn read(paging: Paging, serve: impl Fn(usize, usize) -> Vec<u64>) -> (Vec<u64>, Vec<(usize, usize)>) {
        let calls = RefCell::new(Vec::new());
        let listed = complete(paging, |page, size| {
            calls.borrow_mut().push((page, size));
            let rows = serve(page, size).into_iter().map(|id| (id.to_string(), id)).collect();
            std::future::ready(Ok(Page { rows, date: None }))
        });
        let rows = listed.await.expect("a list").rows;
        (rows, calls.into_inner())
    }

    fn paging(expected: Option<usize>) -> Paging {
        Paging { size: 100, expected, concurrency: 16 }
    }

    /// A well-behaved server with this many rows, that gives at most `clamp` a page.
    fn server(total: u64, clamp: usize) -> impl Fn(usize, usize) -> Vec<u64> {
        move |page, size| {
            let size = size.min(clamp);
            (0..total).skip((page - 1) * size).take(size).collect()
        }
    }

    #[tokio::test]
    async fn the_right_expectation_costs_one_round_and_one_empty_page() {
        for total in [0, 1, 99, 100, 101, 1000, 2500] {
            let (rows, calls) = read(paging(Some(total)), server(total as u64, 100)).await;
            assert_eq!(rows, (0..total as u64).collect::<Vec<_>>());
            assert_eq!(calls.len(), total.div_ceil(100) + 1, "{total}");
        }
    }

    #[tokio::test]
    async fn a_wrong_expectation_costs_little() {
        for (expected, total) in [(0, 1), (1, 1000), (100, 101), (200, 450), (950, 1000)] {
            let (rows, calls) = read(paging(Some(expected)), server(total as u64, 100)).await;
            assert_eq!(rows.len(), total);
            assert!(calls.len() <= total.div_ceil(100) + 2, "{expected} for {total}: {}", calls.len());
        }
    }

    #[tokio::test]
    async fn without_expectation_one_page_is_read_ahead() {
        let (rows, calls) = read(paging(None), server(0, 100)).await;
        assert_eq!((rows.len(), calls.len()), (0, 1));
        let (rows, calls) = read(paging(None), server(5, 100)).await;
        assert_eq!((rows.len(), calls.len()), (5, 2));
        let (rows, calls) = read(paging(None), server(1000, 100)).await;
        assert_eq!((rows.len(), calls.len()), (1000, 11));
        let (rows, calls) = read(paging(None), server(900, 100)).await;
        assert_eq!((rows.len(), calls.len()), (900, 11));
    }

    #[tokio::test]
    async fn clamped_pages_are_read_on() {
        for expected in [None, Some(1000), Some(10)] {
            let (rows, _) = read(paging(expected), server(1000, 30)).await;
            assert_eq!(rows.len(), 1000, "{expected:?}");
        }
        let (_, calls) = read(paging(Some(1000)), server(1000, 30)).await;
        assert_eq!(calls.len(), 35);
    }

    #[tokio::test]
    async fn a_server_that_ignores_the_page_is_noticed() {
        for total in [1, 30, 100, 101, 5000] {
            for expected in [None, Some(total)] {
                let (rows, calls) = read(paging(expected), |_, size| (0..total as u64).take(size).collect()).await;
                assert_eq!(rows.len(), total, "{expected:?}");
                assert!(calls.len() < 120);
                let (rows, _) = read(paging(expected), |_, _| (0..total as u64).collect()).await;
                assert_eq!(rows.len(), total, "{expected:?}");
            }
        }
    }

    #[tokio::test]
    async fn overlapping_pages_are_read_again() {
        let reads = RefCell::new(0);
        let (mut rows, _) = read(paging(None), |page, _| {
            *reads.borrow_mut() += usize::from(page == 1);
            match (page, *reads.borrow()) {
                (1, 1) => (0..100).collect(),
                // 99 moved behind 100 between the pages, and 100 was skipped.
                (2, 1) => vec![99, 101],
                (1, _) => (0..99).chain([100]).collect(),
                (2, _) => vec![99, 101],
                _ => vec![],
            }
        })
        .await;
        rows.sort_unstable();
        assert_eq!(rows, (0..=101).collect::<Vec<_>>());
        assert_eq!(*reads.borrow(), 2);
    }

    #[tokio::test]
    async fn pages_without_end_end() {
        // Each page shifts by one row, for ever the same 150 rows.
        let (rows, calls) = read(paging(None), |page, _| (0..100).map(|n| (n + page as u64) % 150).collect()).await;
        assert_eq!(rows.len(), 150);
        assert!(calls.len() < 400, "{}", calls.len());
    }

    #[tokio::test]
    async fn an_error_fails_the_list_unless_the_list_ended_before() {
        let error = || CallError {
            kind: crate::cloud::ErrorKind::NotFound,
            call: "GET /x".into(),
            status: Some(404),
            message: "not found".into(),
        };
        let serve = |fails_from: usize| {
            complete(paging(Some(250)), move |page, _| {
                let rows = if page == 1 { vec![("1".to_owned(), 1)] } else { vec![] };
                std::future::ready(if page >= fails_from { Err(error()) } else { Ok(Page { rows, date: None }) })
            })
        };
        assert_eq!(serve(3).await.map(|listed| listed.rows), Ok(vec![1]));
        assert_eq!(serve(2).await.map(|listed| listed.rows), Err(error()));
    }
}
