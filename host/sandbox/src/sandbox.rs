//! The sandbox: one engine, its pool, the compile cache, and how policies get into it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use signalbox_domain::digest::Digest;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::bindings::ExportNames;
use crate::bindings::v1_0::{Exports, WrongType};
use crate::cache::{Authenticated, Cache, CacheConfig, CacheError, CacheKey, Entry, KeyParts};
use crate::compile::{CompileConfig, CompileError, Compiled, Compiler, Job};
use crate::description::{BadDescription, Description};
use crate::engine::{self, CodeSettings, CpuLevel, Effort, EngineError, EngineKind, PoolSize, Shape, Ticker};
use crate::failure::chain;
use crate::inspect::{self, InspectBounds, InspectError, Inspection};
use crate::limits::{LimitOutOfBounds, Limits};
use crate::policy::{Loaded, Policy};
use crate::trusted;

/// Longest parameters, as JSON, in bytes.
pub const PARAMETERS_BYTES_MAX: usize = 1 << 20;

/// How a sandbox is set up.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Instances at one time.
    pub pool: PoolSize,
    /// CPU features that machine code may use.
    pub cpu: CpuLevel,
    /// What a component may look like.
    pub inspect: InspectBounds,
    /// How components are compiled.
    pub compile: CompileConfig,
    /// Where machine code is kept; none compiles anew at every start.
    pub cache: Option<CacheConfig>,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The engine.
    #[error("the sandbox cannot be set up")]
    Engine(#[source] EngineError),
    /// The cache.
    #[error("the sandbox cannot be set up")]
    Cache(#[source] CacheError),
}

/// When machine code is brought into memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoadWhen {
    /// Before the policy is handed out: for those that are to decide.
    #[default]
    Now,
    /// When it first decides, or by [`Policy::load`]: for those that are only known.
    FirstUse,
}

/// What is to be prepared.
#[derive(Clone, Debug)]
pub struct PrepareRequest {
    /// The component's bytes. Kept for as long as the policy lives, in case the cache loses what was made of them.
    pub component: Arc<[u8]>,
    /// Their SHA-256 digest, as the caller knows it: checked.
    pub component_digest: Digest,
    /// The parameters: one JSON object.
    pub parameters_json: String,
    /// What the policy may use.
    pub limits: Limits,
    /// When its machine code is brought into memory.
    pub load: LoadWhen,
}

/// A prepared policy.
pub type Prepared = Policy;

/// Why a policy cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The bytes are not the ones that were meant.
    #[error("expected a component with digest {expected}, found {found}")]
    Digest {
        /// What the caller said.
        expected: Digest,
        /// What the bytes have.
        found: Digest,
    },
    /// A limit is outside its bounds.
    #[error(transparent)]
    Limits(#[from] LimitOutOfBounds),
    /// The parameters are no JSON object, or too long.
    #[error("parameters: expected a JSON object of at most {PARAMETERS_BYTES_MAX} bytes, found {found}")]
    Parameters {
        /// What they are instead.
        found: String,
    },
    /// The component is not what the contract asks for.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It cannot be compiled, or does not take the parameters.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It describes itself in a way that the contract does not allow.
    #[error(transparent)]
    Description(#[from] BadDescription),
    /// Its machine code cannot be loaded.
    #[error("the compiled policy cannot be loaded: {message}")]
    Load {
        /// Why.
        message: String,
    },
    /// The host is shutting down.
    #[error("the host is shutting down")]
    ShuttingDown,
}

/// Runs policies. Clones share everything.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

/// What all policies of a sandbox share.
pub(crate) struct Shared {
    engine: Engine,
    code: CodeSettings,
    inspect: InspectBounds,
    compiler: Compiler,
    cache: Option<Arc<Cache>>,
    pub(crate) live: Semaphore,
    live_max: usize,
    pub(crate) background: Semaphore,
    _ticker: Ticker,
}

/// What a policy is made from: enough to make it again.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) component: Arc<[u8]>,
    pub(crate) component_digest: [u8; 32],
    pub(crate) parameters: Arc<str>,
    pub(crate) limits: Limits,
    pub(crate) inspection: Inspection,
}

impl Sandbox {
    /// Sets up a sandbox: reserves the pool's address space, opens the cache, starts the epoch thread.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub fn new(config: SandboxConfig) -> Result<Sandbox, SandboxError> {
        let code = CodeSettings {
            kind: EngineKind::Plain,
            cpu: config.cpu,
        };
        let size = config.pool;
        let pool = Shape::of(code.kind).pool(size.slots(), size.warm_slots(), size.permits());
        let engine = engine::build(code, Effort::Full, pool).map_err(SandboxError::Engine)?;
        let cache = config
            .cache
            .as_ref()
            .map(Cache::open)
            .transpose()
            .map_err(SandboxError::Cache)?;
        let ticker = Ticker::start(&engine).map_err(SandboxError::Engine)?;
        Ok(Sandbox {
            shared: Arc::new(Shared {
                engine,
                code,
                inspect: config.inspect,
                compiler: Compiler::new(config.compile),
                cache: cache.map(Arc::new),
                live: Semaphore::new(size.live() as usize),
                live_max: size.live() as usize,
                background: Semaphore::new(size.background() as usize),
                _ticker: ticker,
            }),
        })
    }

    /// Decisions for callers that are under way, and how many may be.
    pub fn live_permits(&self) -> (usize, usize) {
        let limit = self.shared.live_max;
        (limit.saturating_sub(self.shared.live.available_permits()), limit)
    }

    /// Looks at a component without compiling it. Takes time in proportion to its size (about 10 ms for 1 MB): call it
    /// where blocking is allowed.
    ///
    /// # Errors
    /// [`InspectError`].
    pub fn inspect(&self, component: &[u8]) -> Result<Inspection, InspectError> {
        inspect::inspect(component, &self.shared.inspect)
    }

    /// Makes a policy ready: inspects its component, then takes its machine code from the cache or has a child process
    /// compile and configure it.
    ///
    /// # Errors
    /// [`PrepareError`] with what its author can act on.
    pub async fn prepare(&self, request: PrepareRequest) -> Result<Prepared, PrepareError> {
        request.limits.check()?;
        let load = request.load;
        let shared = Arc::clone(&self.shared);
        let source = blocking(move || shared.examine(request)).await??;
        let (compiled, code) = self.shared.obtain(&source).await?;
        let description = Description::check(compiled.description, source.inspection.domain)?;
        let loaded = match load {
            LoadWhen::Now => Some(self.shared.bring_in(&source, code).await?),
            LoadWhen::FirstUse => None,
        };
        Ok(Policy::new(
            Arc::clone(&self.shared),
            source,
            description,
            compiled.preinitialised,
            loaded,
        ))
    }
}

impl Shared {
    fn examine(&self, request: PrepareRequest) -> Result<Source, PrepareError> {
        let found: [u8; 32] = Sha256::digest(&request.component).into();
        if found != *request.component_digest.as_bytes() {
            return Err(PrepareError::Digest {
                expected: request.component_digest,
                found: Digest::from_bytes(found),
            });
        }
        check_parameters(&request.parameters_json)?;
        let inspection = inspect::inspect(&request.component, &self.inspect)?;
        Ok(Source {
            component: request.component,
            component_digest: found,
            parameters: request.parameters_json.into(),
            limits: request.limits,
            inspection,
        })
    }

    /// The machine code of a policy: from the cache, else from a child.
    async fn obtain(&self, source: &Source) -> Result<(Compiled, Authenticated), PrepareError> {
        let key = self.key(source);
        if let Some(cache) = self.cache.clone()
            && let Some(Entry { compiled, code }) = blocking(move || cache.get(&key)).await?
        {
            return Ok((compiled, code));
        }
        let job = Job {
            budget: self.compiler.budget(),
            code: self.code,
            limits: source.limits,
            exports: export_names(&source.inspection),
            parameters: source.parameters.to_string(),
        };
        let (compiled, code) = self.compiler.compile(&job, &source.component).await?;
        match self.cache.clone() {
            None => Ok((compiled, Authenticated::from_child(code))),
            Some(cache) => {
                blocking(move || {
                    // Not being able to keep it costs time at the next start, nothing else.
                    if let Err(error) = cache.put(&key, &compiled, &code) {
                        tracing::warn!(error = %error, "a compiled policy cannot be written to the cache");
                    }
                    (compiled, Authenticated::from_child(code))
                })
                .await
            }
        }
    }

    /// Loads a policy that was left for its first use.
    pub(crate) async fn load(&self, source: &Source) -> Result<Loaded, PrepareError> {
        let (_, code) = self.obtain(source).await?;
        self.bring_in(source, code).await
    }

    async fn bring_in(&self, source: &Source, code: Authenticated) -> Result<Loaded, PrepareError> {
        let (engine, names) = (self.engine.clone(), export_names(&source.inspection));
        blocking(move || load(&engine, &names, &code)).await?
    }

    fn key(&self, source: &Source) -> CacheKey {
        CacheKey::of(&KeyParts {
            engine: &self.engine,
            code: self.code,
            component_digest: &source.component_digest,
            parameters: &source.parameters,
            limits: &source.limits,
        })
    }
}

fn load(engine: &Engine, names: &ExportNames, code: &Authenticated) -> Result<Loaded, PrepareError> {
    let failed = |error: wasmtime::Error| PrepareError::Load {
        message: chain(&error),
    };
    let component: Component = trusted::load(engine, code).map_err(failed)?;
    let exports = Exports::find(&component, names).map_err(wrong_type)?;
    let instance = Linker::new(engine).instantiate_pre(&component).map_err(failed)?;
    Ok(Loaded { instance, exports })
}

fn wrong_type(wrong: WrongType) -> PrepareError {
    CompileError::WrongType {
        export: wrong.export,
        message: wrong.message,
    }
    .into()
}

fn export_names(inspection: &Inspection) -> ExportNames {
    ExportNames {
        plugin: inspection.plugin_export.clone(),
        domain: inspection.domain_export.clone(),
    }
}

fn check_parameters(json: &str) -> Result<(), PrepareError> {
    let wrong = |found: String| Err(PrepareError::Parameters { found });
    if json.len() > PARAMETERS_BYTES_MAX {
        return wrong(format!("{} bytes", json.len()));
    }
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => wrong("another JSON value".to_owned()),
        Err(error) => wrong(format!("no JSON: {error}")),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PrepareError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error: JoinError| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => PrepareError::ShuttingDown,
        })
}
