//! `exact_sum`, `exact_mean`, `exact_variance`, `exact_stddev`.

use std::sync::Arc;

use datafusion_common::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanArray, Float64Array, new_null_array,
};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{DataFusionError, Result, ScalarValue, not_impl_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::format_state_name;
use datafusion_expr::{Accumulator, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility};
use rstats::ExactSums;

use crate::{failed, numeric};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    Sum,
    Mean,
    Variance,
    Stddev,
}

impl Moment {
    fn name(self) -> &'static str {
        match self {
            Self::Sum => "exact_sum",
            Self::Mean => "exact_mean",
            Self::Variance => "exact_variance",
            Self::Stddev => "exact_stddev",
        }
    }

    fn of(self, sums: &ExactSums) -> Option<f64> {
        match self {
            Self::Sum => sums.sum(),
            Self::Mean => sums.mean(),
            Self::Variance => sums.variance(1),
            Self::Stddev => sums.stddev(1),
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Moments {
    moment: Moment,
    signature: Signature,
}

impl Moments {
    pub fn new(moment: Moment) -> Self {
        Self { moment, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Moments {
    fn name(&self) -> &str {
        self.moment.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [values] => numeric(self.name(), values).map(|()| arguments.to_vec()),
            _ => not_impl_err!("{} takes one argument, not {}", self.name(), arguments.len()),
        }
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "sums"), DataType::Binary, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            return not_impl_err!("{}(DISTINCT …) is not there", self.name());
        }
        Ok(Box::new(One { moment: self.moment, sums: ExactSums::default() }))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        !args.is_distinct
    }

    fn create_groups_accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups { moment: self.moment, sums: Vec::new() }))
    }
}

fn to_bytes(sums: &ExactSums) -> Result<Vec<u8>> {
    postcard::to_stdvec(sums).map_err(|error| DataFusionError::External(Box::new(error)))
}

fn from_bytes(bytes: &[u8]) -> Result<ExactSums> {
    postcard::from_bytes(bytes).map_err(|error| DataFusionError::External(Box::new(error)))
}

/// A state for each of these.
fn written(sums: &[ExactSums]) -> Result<Vec<ArrayRef>> {
    let mut states = BinaryBuilder::with_capacity(sums.len(), 64 * sums.len());
    for sums in sums {
        states.append_value(to_bytes(sums)?);
    }
    Ok(vec![Arc::new(states.finish())])
}

/// The states of partitions; nothing where a partition had no rows.
fn states(arrays: &[ArrayRef]) -> Result<&BinaryArray> {
    let states = arrays.first().and_then(|states| states.as_binary_opt::<i32>());
    states.ok_or_else(|| DataFusionError::Internal("the sums of partitions are binary".to_owned()))
}

/// An array of values; of nothing but nulls it has no numbers.
fn values(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let values = arrays.first().ok_or_else(|| DataFusionError::Internal("an argument is missing".to_owned()))?;
    Ok(match values.data_type() {
        DataType::Null => new_null_array(&DataType::Float64, values.len()),
        _ => Arc::clone(values),
    })
}

#[derive(Debug)]
struct One {
    moment: Moment,
    sums: ExactSums,
}

impl Accumulator for One {
    fn update_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.sums.add_array(&values(arrays)?).map_err(failed)
    }

    fn retract_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        self.sums.remove_array(&values(arrays)?).map_err(failed)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(self.moment.of(&self.sums)))
    }

    fn size(&self) -> usize {
        size_of::<Self>() - size_of::<ExactSums>() + self.sums.bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(to_bytes(&self.sums)?))])
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        states(arrays)?.iter().flatten().try_for_each(|state| {
            self.sums.merge(&from_bytes(state)?);
            Ok(())
        })
    }
}

#[derive(Debug)]
struct Groups {
    moment: Moment,
    sums: Vec<ExactSums>,
}

impl GroupsAccumulator for Groups {
    fn update_batch(
        &mut self,
        arrays: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.sums.resize(total, ExactSums::default());
        ExactSums::add_to_groups(&mut self.sums, &values(arrays)?, group_indices, filter).map_err(failed)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        Ok(Arc::new(sums.iter().map(|sums| self.moment.of(sums)).collect::<Float64Array>()))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        written(&emit_to.take_needed(&mut self.sums))
    }

    fn convert_to_state(&self, arrays: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values(arrays)?;
        let mut sums = vec![ExactSums::default(); values.len()];
        let rows: Vec<usize> = (0..values.len()).collect();
        ExactSums::add_to_groups(&mut sums, &values, &rows, filter).map_err(failed)?;
        written(&sums)
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef], group_indices: &[usize], total: usize) -> Result<()> {
        self.sums.resize(total, ExactSums::default());
        for (state, &group) in states(arrays)?.iter().zip(group_indices) {
            if let Some(state) = state {
                self.sums[group].merge(&from_bytes(state)?);
            }
        }
        Ok(())
    }

    fn size(&self) -> usize {
        let spare = self.sums.capacity() - self.sums.len();
        self.sums.iter().map(ExactSums::bytes).sum::<usize>() + spare * size_of::<ExactSums>()
    }
}
