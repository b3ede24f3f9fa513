#include "kernels/adam_step/adam_step.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "kernels/adam_step/adam_factors.h"
#include "kernels/adam_step/adam_step_loops.h"
#include "kernels/adam_step/adam_step_op.h"

namespace orrery::kernels {
namespace {

constexpr std::int64_t kChunk = 16384;

// Calls body(tensor, first element, count) for chunks of all tensors, spread over the threads as one long list.
template <class Body>
void for_chunks(const std::vector<at::Tensor>& tensors, const Body& body) {
  std::vector<std::int64_t> until;  // chunks up to and with tensor k
  std::int64_t chunks = 0;
  for (const auto& t : tensors) until.push_back(chunks += (t.numel() + kChunk - 1) / kChunk);
  at::parallel_for(0, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
    auto k = static_cast<std::size_t>(std::upper_bound(until.begin(), until.end(), begin) - until.begin());
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      while (until[k] <= chunk) ++k;
      const std::int64_t first = (chunk - (k ? until[k - 1] : 0)) * kChunk;
      body(k, first, std::min(kChunk, tensors[k].numel() - first));
    }
  });
}

void adam_step_cpu(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
                   const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options) {
  const auto f32 = adam_factors<float>(step, options);
  const auto f64 = adam_factors<double>(step, options);
  for_chunks(params, [&](std::size_t k, std::int64_t first, std::int64_t count) {
    if (params[k].scalar_type() == at::kFloat) {
      adam_loops().f32.adam(f32, params[k].mutable_data_ptr<float>() + first, grads[k].const_data_ptr<float>() + first,
                            m[k].mutable_data_ptr<float>() + first, v[k].mutable_data_ptr<float>() + first, count);
    } else {
      adam_loops().f64.adam(f64, params[k].mutable_data_ptr<double>() + first, grads[k].const_data_ptr<double>() + first,
                            m[k].mutable_data_ptr<double>() + first, v[k].mutable_data_ptr<double>() + first, count);
    }
  });
}

void ema_step_cpu(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight) {
  for_chunks(ema, [&](std::size_t k, std::int64_t first, std::int64_t count) {
    if (ema[k].scalar_type() == at::kFloat) {
      adam_loops().f32.ema(ema[k].mutable_data_ptr<float>() + first, params[k].const_data_ptr<float>() + first, static_cast<float>(weight), count);
    } else {
      adam_loops().f64.ema(ema[k].mutable_data_ptr<double>() + first, params[k].const_data_ptr<double>() + first, weight, count);
    }
  });
}

void check_alike(const char* op, const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(b.defined() && a.scalar_type() == b.scalar_type() && a.device() == b.device() && a.sizes() == b.sizes() && b.is_contiguous(), op,
              ": tensors of one entry must agree in shape, type and device, and be contiguous.");
}
void check_first(const char* op, const at::Tensor& a) {
  TORCH_CHECK(a.defined() && (a.scalar_type() == at::kFloat || a.scalar_type() == at::kDouble) && a.is_contiguous(), op,
              ": tensors must be float32 or float64 and contiguous.");
}
// What was written through pointers must be known to autograd as written.
void note_written(const at::Tensor& t) {
  if (!t.is_inference()) t.unsafeGetTensorImpl()->bump_version();
}

}  // namespace

Op<AdamStep> adam_step_op{"adam_step", adam_step_cpu};
Op<EmaStep> ema_step_op{"ema_step", ema_step_cpu};

void adam_step(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
               const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options) {
  TORCH_CHECK(params.size() == grads.size() && params.size() == m.size() && params.size() == v.size(), "adam_step: lists of different length.");
  TORCH_CHECK(step >= 1, "adam_step: steps count from 1.");
  std::vector<at::Tensor> p, g, mean, square;
  for (std::size_t k = 0; k < params.size(); ++k) {
    if (!grads[k].defined()) continue;
    check_first("adam_step", params[k]);
    const at::Tensor grad = grads[k].contiguous();
    for (const auto* t : {&grad, &m[k], &v[k]}) check_alike("adam_step", params[k], *t);
    TORCH_CHECK(p.empty() || p[0].device() == params[k].device(), "adam_step: all tensors must be on one device.");
    p.push_back(params[k]), g.push_back(grad), mean.push_back(m[k]), square.push_back(v[k]);
  }
  if (p.empty()) return;
  TORCH_CHECK(p[0].device().is_cpu() || adam_step_op.cuda.load(), "adam_step: the CUDA plug-in is not loaded.");
  p[0].device().is_cpu() ? adam_step_op.cpu(p, g, mean, square, step, options) : adam_step_op.cuda.load()(p, g, mean, square, step, options);
  for (std::size_t k = 0; k < p.size(); ++k) note_written(p[k]), note_written(mean[k]), note_written(square[k]);
}

void ema_step(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight) {
  TORCH_CHECK(ema.size() == params.size(), "ema_step: lists of different length.");
  if (ema.empty()) return;
  std::vector<at::Tensor> from;
  for (std::size_t k = 0; k < ema.size(); ++k) {
    check_first("ema_step", ema[k]);
    from.push_back(params[k].contiguous());
    check_alike("ema_step", ema[k], from[k]);
    TORCH_CHECK(ema[k].device() == ema[0].device(), "ema_step: all tensors must be on one device.");
  }
  TORCH_CHECK(ema[0].device().is_cpu() || ema_step_op.cuda.load(), "ema_step: the CUDA plug-in is not loaded.");
  ema[0].device().is_cpu() ? ema_step_op.cpu(ema, from, weight) : ema_step_op.cuda.load()(ema, from, weight);
  for (const auto& t : ema) note_written(t);
}

}  // namespace orrery::kernels
