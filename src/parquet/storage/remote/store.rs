//! The stores of a process, one a bucket, and the threads that talk to them.
//!
//! Both are made when they are first needed, and again in a forked child, where the parent's threads and connections
//! are not.

use std::collections::HashMap;
use std::future::Future;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::list::PaginatedListStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};
use tokio::runtime::{Handle, Runtime};
use tokio::task::AbortHandle;

use super::Object;
use super::failure::Failure;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::unpoisoned::Unpoisoned;

/// The time between two looks at the interrupt.
const PATIENCE: Duration = Duration::from_millis(50);

/// Threads that talk to stores: they wait, and decrypt.
const THREADS: usize = 2;

/// How long the lock of the process's stores is waited for. It is held for a moment; if a thread held it when the process
/// was forked, it is locked for ever in the child, which then does without.
const LOCKED: Duration = Duration::from_millis(500);

/// The stores of a process.
pub struct Stores {
    process: u32,
    /// There until it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
    stores: Mutex<HashMap<(String, String), Store>>,
}

/// A bucket, or a web server.
#[derive(Clone)]
pub struct Store {
    pub objects: Arc<dyn ObjectStore>,
    /// Its list, page by page, if it has one.
    pub pages: Option<Arc<dyn PaginatedListStore>>,
}

impl Store {
    fn from_bucket<B: ObjectStore + PaginatedListStore>(bucket: B) -> Self {
        let bucket = Arc::new(bucket);
        Self { objects: bucket.clone(), pages: Some(bucket) }
    }
}

static STORES: Mutex<Option<Arc<Stores>>> = Mutex::new(None);

impl Stores {
    /// Those of this process.
    pub fn current() -> Result<Arc<Self>> {
        let from = Instant::now();
        loop {
            if let Ok(mut kept) = STORES.try_lock() {
                return match kept.as_ref().filter(|stores| stores.process == std::process::id()) {
                    Some(stores) => Ok(Arc::clone(stores)),
                    None => {
                        let stores = Arc::new(Self::new()?);
                        // The parent's connections are the parent's: closing them here would write to its sockets.
                        std::mem::forget(kept.replace(Arc::clone(&stores)));
                        Ok(stores)
                    }
                };
            }
            if from.elapsed() > LOCKED {
                return Ok(Arc::new(Self::new()?));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn new() -> Result<Self> {
        // reqwest is built without a provider of its own, and panics where none is installed.
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Refused if the program that this library is part of has installed one: then that one serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("rstats-fetch")
            .enable_all()
            .build()
            .map_err(|error| Error::Data(format!("cannot start threads for requests: {error}")))?;
        Ok(Self {
            process: std::process::id(),
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
            stores: Mutex::new(HashMap::new()),
        })
    }

    /// The store that an object is in.
    pub fn store(&self, object: &Object) -> Result<Store> {
        let key = (object.root.clone(), object.query.clone());
        let mut stores = self.stores.lock().unpoisoned();
        if let Some(store) = stores.get(&key) {
            return Ok(store.clone());
        }
        let variables =
            std::env::vars_os().filter_map(|(key, value)| key.into_string().ok().zip(value.into_string().ok()));
        let store = build(object, variables).map_err(|error| Failure::from(error).of(object, "cannot be reached"))?;
        stores.insert(key, store.clone());
        Ok(store)
    }

    /// Has objects of this root read from a store that is configured by these variables.
    #[cfg(test)]
    pub fn configure(object: &Object, variables: &[(&str, &str)]) -> Result<()> {
        let owned = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let stores = Self::current()?;
        let store = build(object, owned).map_err(|error| Failure::from(error).of(object, "cannot be reached"))?;
        let key = (object.root.clone(), object.query.clone());
        stores.stores.lock().unpoisoned().insert(key, store);
        Ok(())
    }

    /// Runs work in the background.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.handle.spawn(work).abort_handle()
    }

    /// Runs work in the background, and waits for it, or for the interrupt.
    pub fn wait<T: Send + 'static>(
        &self,
        interrupt: &Interrupt,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = channel();
        let running = self.spawn(async move {
            let _ = sender.send(work.await); // nobody waits after an interrupt
        });
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(done) => return Ok(done),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Data("a request ended without an answer".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => interrupt.check().inspect_err(|_| running.abort())?,
            }
        }
    }
}

impl Drop for Stores {
    /// Only stores that are not kept come here.
    fn drop(&mut self) {
        match self.runtime.take() {
            Some(runtime) if self.process == std::process::id() => runtime.shutdown_background(),
            // Threads that are not there cannot be waited for.
            parents => std::mem::forget(parents),
        }
    }
}

/// Up to five tries, and for less than a minute: a job that runs at night should wait for a server's hiccup, and not
/// for a server that is gone.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 3.0,
        },
        max_retries: 4,
        retry_timeout: Duration::from_secs(30),
    }
}

/// The store of an object, with the options that these variables hold, by the names that object_store gives them.
fn build(object: &Object, variables: impl Iterator<Item = (String, String)>) -> object_store::Result<Store> {
    let options = |prefix: &'static str, further: &'static str| {
        let wanted = variables.filter(move |(key, _)| key.starts_with(prefix) || key == further);
        wanted.map(|(key, value)| (key.to_ascii_lowercase(), value))
    };
    let (scheme, _) = object.root.split_once(':').unwrap_or_default();
    Ok(match scheme {
        "s3" | "s3a" => {
            let builder = options("AWS_", "").fold(AmazonS3Builder::new(), |builder, (key, value)| match key.parse() {
                Ok(key) => builder.with_config(key, value),
                Err(_) => builder,
            });
            Store::from_bucket(builder.with_url(&object.root).with_retry(retry()).build()?)
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::new();
            let builder =
                options("GOOGLE_", "SERVICE_ACCOUNT").fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
            Store::from_bucket(builder.with_url(&object.root).with_retry(retry()).build()?)
        }
        "az" | "abfs" | "abfss" => {
            let builder = MicrosoftAzureBuilder::new();
            let builder =
                options("AZURE_", "IDENTITY_ENDPOINT").fold(builder, |builder, (key, value)| match key.parse() {
                    Ok(key) => builder.with_config(key, value),
                    Err(_) => builder,
                });
            Store::from_bucket(builder.with_url(&object.root).with_retry(retry()).build()?)
        }
        scheme => {
            let options = ClientOptions::new().with_allow_http(scheme == "http");
            let url = format!("{}{}", object.root, object.query);
            let server = HttpBuilder::new().with_url(url).with_client_options(options).with_retry(retry()).build()?;
            Store { objects: Arc::new(server), pages: None }
        }
    })
}
