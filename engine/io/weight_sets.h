// Finds the weights in what a checkpoint holds: dictionaries of tensors and pickled modules. For engine/io/checkpoint.cpp.
#pragma once

#include "engine/io/checkpoint.h"
#include "engine/io/pickle.h"

namespace orrery::io {

std::vector<WeightSet> find_weight_sets(const PickleContext& context, const PickleValue* root);

}  // namespace orrery::io
