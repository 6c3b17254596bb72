//! `exact_quantile`: all values are kept, 8 bytes each.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, new_empty_array};
use datafusion_common::arrow::compute::{concat, filter, is_not_null};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::utils::SingleRowListArrayBuilder;
use datafusion_common::{DataFusionError, Result, ScalarValue, not_impl_err, plan_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};
use rstats::{Interrupt, Series, Spec, describe_all};

use crate::{failed, numeric};

const NAME: &str = "exact_quantile";

#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Quantile {
    signature: Signature,
}

impl Quantile {
    pub fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Quantile {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [values, probability] = arguments else {
            return not_impl_err!("{NAME} takes the values and a probability, not {} arguments", arguments.len());
        };
        numeric(NAME, values)?;
        numeric(NAME, probability)?;
        // Of nothing but nulls the type says nothing.
        Ok(vec![if values.is_null() { DataType::Float64 } else { values.clone() }, DataType::Float64])
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let values = Field::new_list_field(args.input_fields[0].data_type().clone(), true);
        let field = |name: &str, data_type| Arc::new(Field::new(format_state_name(args.name, name), data_type, true));
        Ok(vec![field("values", DataType::List(Arc::new(values))), field("probability", DataType::Float64)])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return not_impl_err!("{NAME}(DISTINCT …) is not there");
        }
        let data_type = args.expr_fields[0].data_type().clone();
        Ok(Box::new(Values { data_type, spec: None, probability: None, chunks: VecDeque::new() }))
    }
}

/// The values that are there, in the order in which they came.
#[derive(Debug)]
struct Values {
    data_type: DataType,
    /// Once there was a row: the probability that it came with.
    probability: Option<f64>,
    spec: Option<Spec>,
    chunks: VecDeque<ArrayRef>,
}

impl Values {
    fn set_probabilities(&mut self, probabilities: &ArrayRef) -> Result<()> {
        let probabilities = probabilities.as_primitive_opt::<Float64Type>();
        let probabilities =
            probabilities.ok_or_else(|| DataFusionError::Internal("a probability is a float".to_owned()))?;
        for probability in probabilities {
            match (probability, self.probability) {
                (None, _) => return plan_err!("{NAME}: the probability is NULL; it is a number from 0 to 1"),
                (Some(given), Some(known)) if given == known => {}
                (Some(given), Some(known)) => {
                    return plan_err!("{NAME}: one probability for all rows, and these have {known} and {given}");
                }
                (Some(given), None) => {
                    self.spec = Some(Spec::default().with_statistics([]).with_quantiles(&[given]).map_err(failed)?);
                    self.probability = Some(given);
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, values: &ArrayRef) -> Result<()> {
        let values = there(values)?;
        if !values.is_empty() {
            self.chunks.push_back(values);
        }
        Ok(())
    }
}

/// The values without nulls.
fn there(values: &ArrayRef) -> Result<ArrayRef> {
    match values.logical_null_count() {
        0 => Ok(Arc::clone(values)),
        _ => Ok(filter(values, &is_not_null(values)?)?),
    }
}

impl Accumulator for Values {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let [values, probabilities] = arrays else { return plan_err!("{NAME} takes the values and a probability") };
        self.set_probabilities(probabilities)?;
        self.push(values)
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        // Those that came first leave first.
        let mut leaving = arrays.first().map_or(Ok(0), |values| there(values).map(|values| values.len()))?;
        while let Some(first) = self.chunks.front_mut().filter(|_| leaving > 0) {
            let now = leaving.min(first.len());
            *first = first.slice(now, first.len() - now);
            if first.is_empty() {
                self.chunks.pop_front();
            }
            leaving -= now;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some(spec) = self.spec.as_ref().filter(|_| !self.chunks.is_empty()) else {
            return Ok(ScalarValue::Float64(None));
        };
        let series = Series::from_arrays(None, self.chunks.iter().cloned().collect()).map_err(failed)?;
        let found = describe_all(&[series], spec, &Interrupt::default()).map_err(failed)?;
        let name = spec.field_names().first().cloned().unwrap_or_default();
        Ok(ScalarValue::Float64(found.first().and_then(|summary| summary.get(&name))))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.chunks.iter().map(|chunk| chunk.get_array_memory_size()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let chunks: Vec<&dyn Array> = self.chunks.iter().map(|chunk| chunk.as_ref()).collect();
        let values = match chunks.is_empty() {
            true => new_empty_array(&self.data_type),
            false => concat(&chunks)?,
        };
        let values = SingleRowListArrayBuilder::new(values).build_list_scalar();
        Ok(vec![values, ScalarValue::Float64(self.probability)])
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let [values, probabilities] = arrays else { return plan_err!("{NAME}: a state has two columns") };
        // A partition without rows has no probability.
        self.set_probabilities(&there(probabilities)?)?;
        let lists = values.as_list_opt::<i32>();
        let lists =
            lists.ok_or_else(|| DataFusionError::Internal("the values of a partition are a list".to_owned()))?;
        lists.iter().flatten().try_for_each(|values| self.push(&values))
    }
}
