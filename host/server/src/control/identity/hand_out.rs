//! Making tokens. Their secrets come from the operating system, go to whoever asked, and are kept nowhere.

use signalbox_domain::Timestamp;
use signalbox_domain::identity::{BearerToken, Principal, Role, TokenRecord};
use signalbox_domain::time::DAY_MS;

use super::super::change::{Applied, By};
use super::super::error::ControlError;
use super::super::handle::ControlHandle;
use super::{IdentityChange, first};

/// How long a token may be used, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(i64);

impl Lifetime {
    /// The shortest, in milliseconds: a minute.
    pub const MIN_MS: i64 = 60_000;
    /// The longest, in milliseconds: 366 days.
    pub const MAX_MS: i64 = 366 * DAY_MS;
    /// What holds when nobody says anything: 90 days.
    pub const DEFAULT: Lifetime = Lifetime(90 * DAY_MS);
    /// Of a token of `serve --dev`: a day.
    const DEV: Lifetime = Lifetime(DAY_MS);

    /// So many milliseconds.
    ///
    /// # Errors
    /// [`ControlError::BadLifetime`].
    pub fn from_millis(millis: i64) -> Result<Lifetime, ControlError> {
        if !(Lifetime::MIN_MS..=Lifetime::MAX_MS).contains(&millis) {
            return Err(ControlError::BadLifetime { found_ms: millis });
        }
        Ok(Lifetime(millis))
    }
}

/// A token on its way to whom it belongs. It is shown once; the host cannot show it again.
#[derive(Clone, Debug)]
pub struct HandedOut {
    /// Whom it stands for.
    pub principal: String,
    /// The token with its secret.
    pub token: BearerToken,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// The change that made it.
    pub applied: Applied,
}

impl ControlHandle {
    /// Lets somebody do something, or something else than before.
    ///
    /// # Errors
    /// That it is not well formed or names an unknown scope; that nobody could manage principals any more; that the ledger
    /// cannot be written.
    pub async fn put_principal(&self, principal: Principal, by: By) -> Result<Applied, ControlError> {
        self.identity(IdentityChange::Put(principal), by).await
    }

    /// Lets somebody do nothing any more, and revokes their tokens. Takes effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That nobody has this name, or that nobody could manage principals any more.
    pub async fn remove_principal(&self, name: &str, by: By) -> Result<Applied, ControlError> {
        self.identity(IdentityChange::Remove(name.to_owned()), by).await
    }

    /// Makes a token for a principal.
    ///
    /// # Errors
    /// That nobody has this name; that the system gives no randomness; that the ledger cannot be written.
    pub async fn create_token(
        &self,
        principal: &str,
        lifetime: Lifetime,
        by: By,
    ) -> Result<HandedOut, ControlError> {
        let (token, record) = self.draw(principal, lifetime)?;
        let expires_at = record.expires_at;
        let applied = self.identity(IdentityChange::Create(record), by).await?;
        Ok(HandedOut {
            principal: principal.to_owned(),
            token,
            expires_at,
            applied,
        })
    }

    /// Has a token accepted no longer. Takes effect even if the ledger cannot be written.
    ///
    /// # Errors
    /// That no token has this id, or that nobody could manage principals any more.
    pub async fn revoke_token(&self, token_id: &str, by: By) -> Result<Applied, ControlError> {
        self.identity(IdentityChange::Revoke(token_id.to_owned()), by)
            .await
    }

    /// Makes sure that somebody can be let in: when no admin has a valid token, as on a first start, or when one is
    /// `always` wanted, the principal `admin` gets one.
    ///
    /// # Errors
    /// That the system gives no randomness, or that the ledger cannot be written.
    pub async fn ensure_admin(&self, always: bool) -> Result<Option<HandedOut>, ControlError> {
        let (token, record) = self.draw(first::ADMIN, Lifetime::DEFAULT)?;
        let expires_at = record.expires_at;
        let reason = if always {
            "asked for when the host was started"
        } else {
            "no admin had a valid token"
        };
        let change = IdentityChange::EnsureAdmin {
            token: record,
            always,
        };
        let applied = self.identity(change, By::host(reason)).await?;
        let is_new = self.snapshot().identity.tokens().contains_key(token.token_id());
        Ok(is_new.then(|| HandedOut {
            principal: first::ADMIN.to_owned(),
            token,
            expires_at,
            applied,
        }))
    }

    /// Makes a principal with a token for every role, as `signalbox serve --dev` does.
    ///
    /// # Errors
    /// As [`ControlHandle::create_token`].
    pub async fn begin_dev(&self) -> Result<Vec<HandedOut>, ControlError> {
        let by = By::host("started with --dev");
        let mut handed_out = Vec::new();
        for role in Role::ALL {
            let principal = first::dev(role);
            let name = principal.name.clone();
            self.put_principal(principal, by.clone()).await?;
            handed_out.push(self.create_token(&name, Lifetime::DEV, by.clone()).await?);
        }
        Ok(handed_out)
    }

    /// Removes those of an earlier `serve --dev`.
    ///
    /// # Errors
    /// That the host is shutting down, or too many stops wait for a ledger that cannot be written.
    pub async fn end_dev(&self) -> Result<(), ControlError> {
        let by = By::host("started without --dev");
        self.identity(IdentityChange::EndDev, by).await.map(drop)
    }

    fn draw(&self, principal: &str, lifetime: Lifetime) -> Result<(BearerToken, TokenRecord), ControlError> {
        let no_randomness = |source: getrandom::Error| ControlError::NoRandomness(source.to_string());
        let (mut id, mut secret) = ([0; 8], [0; 32]);
        getrandom::fill(&mut id).map_err(no_randomness)?;
        getrandom::fill(&mut secret).map_err(no_randomness)?;
        let id = format!("{:016x}", u64::from_be_bytes(id));
        // 16 hex digits are an id.
        let token = BearerToken::new(&id, secret)
            .map_err(|problem| ControlError::NoRandomness(problem.to_string()))?;
        let now = self.now();
        let record = TokenRecord {
            token_id: id,
            principal: principal.to_owned(),
            secret_hash: token.secret_hash(),
            created_at: now,
            expires_at: now.plus_millis(lifetime.0),
            revoked: false,
        };
        Ok((token, record))
    }
}
