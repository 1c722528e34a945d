//! Work on Node's thread pool, as a promise. Not here: what work there is.

use std::panic::{AssertUnwindSafe, catch_unwind};

use matricula::Error;
use napi::bindgen_prelude::{AsyncTask, ToNapiValue, TypeName, panic_to_error};
use napi::{Env, Status, Task};

use crate::error::rejected;

type Work<T> = Box<dyn FnOnce() -> Result<T, Error> + Send>;

/// A piece of work, done once.
pub struct Job<T> {
    work: Option<Work<T>>,
}

impl<T: Send + ToNapiValue + TypeName + 'static> Job<T> {
    /// Puts work on the pool.
    pub(crate) fn on_pool(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> AsyncTask<Self> {
        AsyncTask::new(Self { work: Some(Box::new(work)) })
    }
}

impl<T: Send + ToNapiValue + TypeName + 'static> Task for Job<T> {
    type Output = Result<T, Error>;
    type JsValue = T;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        let Some(work) = self.work.take() else {
            return Err(napi::Error::new(Status::GenericFailure, "the work was done before"));
        };
        // Whatever a panic interrupted is dropped with the work: see `Lease` for what that means to transactions.
        catch_unwind(AssertUnwindSafe(work)).map_err(panic_to_error)
    }

    fn resolve(&mut self, env: Env, output: Self::Output) -> napi::Result<T> {
        output.map_err(|error| rejected(env, error))
    }
}
