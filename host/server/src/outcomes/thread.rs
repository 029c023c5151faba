//! The thread that takes reports: everything that waits goes into one transaction, so that many senders share one sync.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use signalbox_domain::outcome::Facts;
use signalbox_ledger::outcomes::{OutcomeStore, OutcomesError, Report};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{MayReport, OutcomesRefused, Taken, Windows, facts};
use crate::clock;
use crate::record::Recorder;

/// Reports of one transaction, about.
const TOGETHER_MAX: usize = 10_000;

/// What the thread is asked for.
pub enum Work {
    /// To take reports.
    Job(Job),
    /// To end.
    End,
}

/// Reports of one sender.
pub struct Job {
    pub reports: Vec<Report>,
    pub may: MayReport,
    pub reply: oneshot::Sender<Result<Vec<Taken>, OutcomesRefused>>,
}

pub struct Writer {
    pub store: Arc<OutcomeStore>,
    pub recorder: Recorder,
    pub windows: Windows,
    pub cursor: watch::Sender<u64>,
}

impl Writer {
    pub fn run(self, mut waiting: mpsc::Receiver<Work>) {
        let mut ends = false;
        while !ends {
            let Some(Work::Job(first)) = waiting.blocking_recv() else {
                return;
            };
            let mut count = first.reports.len();
            let mut jobs = vec![first];
            while count < TOGETHER_MAX {
                match waiting.try_recv() {
                    Ok(Work::Job(job)) => {
                        count = count.saturating_add(job.reports.len());
                        jobs.push(job);
                    }
                    Ok(Work::End) => {
                        ends = true;
                        break;
                    }
                    Err(_) => break,
                }
            }
            self.take(jobs);
        }
    }

    fn take(&self, jobs: Vec<Job>) {
        match self.post(&jobs) {
            Ok(taken) => {
                for (job, taken) in jobs.into_iter().zip(taken) {
                    // Who does not wait any more has no use for it; the reports are taken all the same.
                    let _ = job.reply.send(Ok(taken));
                }
                if let Ok(cursor) = self.store.last_cursor() {
                    self.cursor
                        .send_if_modified(|known| std::mem::replace(known, cursor) != cursor);
                }
            }
            Err(error) => {
                let refused = OutcomesRefused::from(error);
                for job in jobs {
                    let _ = job.reply.send(Err(refused.clone()));
                }
            }
        }
    }

    /// What became of each report of each job.
    fn post(&self, jobs: &[Job]) -> Result<Vec<Vec<Taken>>, OutcomesError> {
        let about = jobs.iter().flat_map(|job| &job.reports);
        let ids: BTreeSet<Uuid> = about.map(|report| report.outcome.decision_id).collect();
        let (known, found) = self.facts(&ids)?;
        let scope_of = |id: &Uuid| {
            known
                .get(id)
                .or_else(|| found.get(id))
                .map(|facts| facts.scope.as_str())
        };
        let mut permitted = Vec::new();
        let mut taken: Vec<Vec<Option<Taken>>> = Vec::with_capacity(jobs.len());
        for job in jobs {
            let mut of_job = Vec::with_capacity(job.reports.len());
            for report in &job.reports {
                match scope_of(&report.outcome.decision_id).filter(|scope| !(job.may)(scope)) {
                    Some(scope) => of_job.push(Some(Taken::Forbidden {
                        scope: scope.to_owned(),
                    })),
                    None => {
                        permitted.push(report.clone());
                        of_job.push(None);
                    }
                }
            }
            taken.push(of_job);
        }
        let mut posted = self.store.post(&permitted, &found, clock::now())?.into_iter();
        let mut next = || match posted.next() {
            Some(Ok(posted)) => Some(Taken::Posted(posted)),
            Some(Err(refused)) => Some(Taken::Refused(refused)),
            None => None,
        };
        let jobs = taken.into_iter();
        Ok(jobs
            .map(|of_job| {
                of_job
                    .into_iter()
                    .filter_map(|taken| taken.or_else(&mut next))
                    .collect()
            })
            .collect())
    }

    /// What the store knows of decisions, and what the decision log has of the others.
    #[expect(clippy::type_complexity, reason = "two maps of one kind")]
    fn facts(
        &self,
        ids: &BTreeSet<Uuid>,
    ) -> Result<(HashMap<Uuid, Facts>, HashMap<Uuid, Facts>), OutcomesError> {
        let known = self.store.facts(ids)?;
        let others = ids.iter().filter(|id| !known.contains_key(id));
        let found = others.filter_map(|id| Some((*id, facts::find(&self.recorder, &self.windows, *id)?)));
        let found = found.collect();
        Ok((known, found))
    }
}
