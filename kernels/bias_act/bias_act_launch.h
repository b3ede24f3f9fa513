// Starts the CUDA loops of bias_act. Pointers of `work` lie on the device.
#pragma once

#include "kernels/bias_act/bias_act_loops.h"

struct CUstream_st;

namespace orrery::kernels {

enum class BiasActPass { forward, gradient, second };
void bias_act_launch(BiasActPass pass, const BiasActWork<float>& work, std::int64_t numel, CUstream_st* stream);
void bias_act_launch(BiasActPass pass, const BiasActWork<double>& work, std::int64_t numel, CUstream_st* stream);

}  // namespace orrery::kernels
