//! A store whose files are encrypted, over any other one. Locks stay in clear: they hold who and when only.

use super::cipher::{By, Cipher};
use super::envelope::is_sealed;
use crate::state::Remains;
use crate::store::{
    Copies, Entries, Form, Former, Kept, LockInfo, Part, Place, Snapshot, StateStore, StoreError, Stored, Version,
    Written,
};
use futures::future::{BoxFuture, FutureExt};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Any store, encrypted.
#[derive(Debug)]
pub struct Sealed {
    inner: Box<dyn StateStore>,
    cipher: Arc<Cipher>,
    /// As it was read last.
    read: Mutex<Read>,
    /// What was to be written, as text, and what became of it. The same again is the same bytes: so a store knows its own.
    state: Option<(String, String)>,
    lines: Option<(String, String)>,
}

#[derive(Debug)]
struct Read {
    form: Form,
    /// What runs kept, as it stands there.
    kept: Vec<Kept>,
}

impl Sealed {
    /// Over another one.
    pub fn new(inner: Box<dyn StateStore>, cipher: Arc<Cipher>) -> Sealed {
        let read = Read { form: Form::Current, kept: Vec::new() };
        Sealed { inner, cipher, read: read.into(), state: None, lines: None }
    }

    fn failed(&self, part: Part) -> impl FnOnce(String) -> StoreError {
        let place = self.inner.place(part);
        move |why| StoreError::Sealed { place, why }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Read> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn opened(&self, stored: Stored) -> Result<Stored, StoreError> {
        let Stored { state, version, journal, kept, beyond } = stored;
        let was_sealed = state.as_deref().is_some_and(is_sealed);
        let (state, by) = match state {
            None => (None, None),
            Some(bytes) => {
                let (plain, by) = self.cipher.opened_state(bytes).await.map_err(self.failed(Part::State))?;
                (Some(plain), by)
            }
        };
        let journal = self.cipher.opened_lines(&journal).await.map_err(self.failed(Part::Journal))?;
        let mut plain = Vec::new();
        for Kept { run, place, bytes } in &kept {
            let opened = self.cipher.opened_kept(bytes).await;
            let bytes = opened.map_err(|why| StoreError::Sealed { place: place.clone(), why })?;
            plain.push(Kept { run: run.clone(), place: place.clone(), bytes });
        }
        let form = match (&state, by) {
            (None, _) if self.cipher.encrypts() => Form::First,
            (_, Some(By::Fallback)) if was_sealed => Form::Former,
            (_, Some(By::Fallback)) if self.cipher.sums().is_some() => Form::Unkeyed,
            (_, Some(By::Fallback)) => Form::Clear,
            _ => Form::Current,
        };
        *self.known() = Read { form, kept };
        Ok(Stored { state, version, journal, kept: plain, beyond })
    }

    /// A copy as it was before it was encrypted. One that nobody can read, or that is in clear and may not be, is as good as
    /// damaged; one in clear that somebody asks for by its serial is what it is.
    async fn copy(&self, bytes: Vec<u8>, asked_for: bool) -> Vec<u8> {
        let is_sealed = is_sealed(&bytes);
        match self.cipher.opened_state(bytes.clone()).await {
            Ok((plain, _)) => plain,
            Err(_) if is_sealed || asked_for => bytes,
            Err(_) => Vec::new(),
        }
    }

    /// What a run keeps now, as it stands there.
    async fn kept_now(&self, run: &str) -> Option<Kept> {
        self.inner.read().await.ok()?.kept.into_iter().find(|kept| kept.run == run)
    }

    async fn sealed_snapshot(&mut self, next: &Snapshot) -> Result<Snapshot, StoreError> {
        let text = match &self.state {
            Some((plain, sealed)) if *plain == next.text => sealed.clone(),
            _ => {
                let sealed = self.cipher.sealed_state(&next.text).await.map_err(self.failed(Part::State))?;
                self.state = Some((next.text.clone(), sealed.clone()));
                sealed
            }
        };
        Ok(Snapshot { text, ..*next })
    }

    async fn write(&mut self, over: &Version, next: &Snapshot) -> Written<Version> {
        let sealed = match self.sealed_snapshot(next).await {
            Ok(sealed) => sealed,
            Err(error) => return Written::NotDone(error),
        };
        let written = self.inner.replace(over, &sealed).await;
        if matches!(written, Written::Done(_)) {
            self.state = None;
            self.known().form = Form::Current;
        }
        written
    }

    async fn write_lines(&mut self, entries: &Entries) -> Written<()> {
        let lines = match &self.lines {
            Some((plain, sealed)) if *plain == entries.lines => sealed.clone(),
            _ => match self.cipher.sealed_lines(&entries.lines).await.map_err(self.failed(Part::Journal)) {
                Ok(sealed) => sealed,
                Err(error) => return Written::NotDone(error),
            },
        };
        let Entries { contained, first, .. } = *entries;
        let written = self.inner.append(&Entries { contained, first, lines: lines.clone() }).await;
        self.lines = match written {
            Written::InDoubt(_) => Some((entries.lines.clone(), lines)),
            _ => None,
        };
        written
    }

    /// Everything as it is, decrypted where that can be done.
    async fn opened_remains(&self) -> Result<Remains, StoreError> {
        let mut remains = self.inner.remains().await?;
        let mut proven = false;
        for (_, _, bytes) in &mut remains.backups {
            let sealed = is_sealed(bytes);
            *bytes = self.copy(std::mem::take(bytes), true).await;
            proven |= sealed && !is_sealed(bytes);
        }
        if let Some(bytes) = &mut remains.state {
            match self.cipher.opened_state(bytes.clone()).await {
                Ok((plain, _)) => *bytes = plain,
                // The key is right, for it opens a copy: the file is damaged. Without that proof nothing may be put in the
                // place of what another key opens.
                Err(why) if is_sealed(bytes) && !proven => return Err(self.failed(Part::State)(why)),
                Err(_) => {}
            }
        }
        remains.journal = self.cipher.what_opens(&remains.journal).await;
        for (_, bytes) in &mut remains.kept {
            if let Ok(plain) = self.cipher.opened_kept(bytes).await {
                *bytes = plain;
            }
        }
        Ok(remains)
    }
}

impl StateStore for Sealed {
    fn place(&self, part: Part) -> Place {
        self.inner.place(part)
    }

    fn names_snapshots(&self) -> bool {
        self.inner.names_snapshots()
    }

    fn pace(&self) -> Duration {
        self.inner.pace()
    }

    fn needs_new_serials(&self) -> bool {
        self.inner.needs_new_serials()
    }

    fn holds_what_outlives_it(&self) -> bool {
        self.inner.holds_what_outlives_it()
    }

    fn form(&self) -> Form {
        self.known().form
    }

    fn read(&self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async { self.opened(self.inner.read().await?).await }.boxed()
    }

    fn take_over(&mut self) -> BoxFuture<'_, Result<Stored, StoreError>> {
        async {
            let stored = self.inner.take_over().await?;
            self.opened(stored).await
        }
        .boxed()
    }

    fn append<'a>(&'a mut self, entries: &'a Entries) -> BoxFuture<'a, Written<()>> {
        self.write_lines(entries).boxed()
    }

    fn keep<'a>(&'a mut self, run: &'a str, lines: &'a str) -> BoxFuture<'a, Result<Place, StoreError>> {
        async move {
            let sealed = self.cipher.sealed_kept(lines).await.map_err(self.failed(Part::Journal))?;
            self.inner.keep(run, sealed.as_deref().unwrap_or(lines)).await
        }
        .boxed()
    }

    fn discard<'a>(&'a mut self, kept: &'a [Kept]) -> BoxFuture<'a, ()> {
        async move {
            // Those that were read, as they stand there.
            let mut there = Vec::new();
            for Kept { run, bytes, .. } in kept {
                let known = self.known().kept.iter().find(|known| known.run == *run).cloned();
                let Some(known) = known.or(self.kept_now(run).await) else { continue };
                if self.cipher.opened_kept(&known.bytes).await.is_ok_and(|plain| plain == *bytes) {
                    there.push(known);
                }
            }
            self.inner.discard(&there).await;
        }
        .boxed()
    }

    fn newer(&self, serial: u64, seq: u64) -> BoxFuture<'_, Result<Copies, StoreError>> {
        async move {
            let mut copies = self.inner.newer(serial, seq).await?;
            for (_, bytes) in &mut copies {
                *bytes = self.copy(std::mem::take(bytes), false).await;
            }
            Ok(copies)
        }
        .boxed()
    }

    fn history(&self) -> BoxFuture<'_, Result<Vec<Former>, StoreError>> {
        self.inner.history()
    }

    fn former<'a>(&'a self, former: &'a Former) -> BoxFuture<'a, Result<Option<Vec<u8>>, StoreError>> {
        async move {
            match self.inner.former(former).await? {
                Some(bytes) => Ok(Some(self.copy(bytes, true).await)),
                None => Ok(None),
            }
        }
        .boxed()
    }

    fn replace<'a>(&'a mut self, over: &'a Version, next: &'a Snapshot) -> BoxFuture<'a, Written<Version>> {
        self.write(over, next).boxed()
    }

    fn lock<'a>(
        &'a mut self,
        info: &'a LockInfo,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Option<LockInfo>, StoreError>> {
        self.inner.lock(info, timeout)
    }

    fn unlock(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.inner.unlock()
    }

    fn holder(&self) -> BoxFuture<'_, Result<Option<LockInfo>, StoreError>> {
        self.inner.holder()
    }

    fn force_unlock<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), StoreError>> {
        self.inner.force_unlock(id)
    }

    fn remains(&self) -> BoxFuture<'_, Result<Remains, StoreError>> {
        self.opened_remains().boxed()
    }

    fn mend<'a>(&'a mut self, next: &'a Snapshot) -> BoxFuture<'a, Result<Vec<Place>, StoreError>> {
        async move {
            let sealed = self.sealed_snapshot(next).await?;
            self.inner.mend(&sealed).await
        }
        .boxed()
    }
}
