#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <vector>

#include "kernels/bias_act/bias_act_loops.h"
#include "kernels/bias_act/bias_act_op.h"
#include "kernels/bias_act/bias_act_work.h"

namespace orrery::kernels {
namespace {

constexpr std::int64_t kGrain = 16384;

template <class T>
const BiasActLoops::Of<T>& loops() {
  if constexpr (std::is_same_v<T, float>) {
    return bias_act_loops().f32;
  } else {
    return bias_act_loops().f64;
  }
}

at::Tensor forward_cpu(const at::Tensor& x, const at::Tensor& b, const BiasAct& options) {
  const auto layout = bias_act_layout(x, options);
  const at::Tensor from = x.contiguous(layout.format), bias = b.defined() ? b.contiguous() : b;
  at::Tensor y = at::empty_like(from, layout.format);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "bias_act", [&] {
    const auto w = bias_act_work<scalar_t>(from, bias, layout, options, y);
    at::parallel_for(0, from.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) { loops<scalar_t>().forward(w, begin, end); });
  });
  return y;
}

// A part of a segment, or of the rows of a bias along memory: cut by shape alone, so that sums do not depend on the thread count.
template <class T>
at::Tensor gradient_with_sums(BiasActWork<T> w, std::int64_t numel, const at::Tensor& b_like) {
  std::vector<double> sums(w.channels, 0.0);
  if (w.inner > 1) {
    const std::int64_t segments = numel / w.inner, parts = (w.inner + kGrain - 1) / kGrain;
    std::vector<double> partial(segments * parts);
    w.want_sum = true;
    at::parallel_for(0, segments * parts, std::max<std::int64_t>(1, kGrain / w.inner), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        const std::int64_t start = k / parts * w.inner, from = k % parts * kGrain;
        partial[k] = loops<T>().gradient(w, start + from, start + std::min(w.inner, from + kGrain));
      }
    });
    for (std::int64_t k = 0; k < segments * parts; ++k) sums[k / parts % w.channels] += partial[k];
  } else {
    const std::int64_t rows = numel / w.channels, parts = std::clamp<std::int64_t>(numel / kGrain, 1, 64), step = (rows + parts - 1) / parts;
    std::vector<double> partial(parts * w.channels, 0.0);
    at::parallel_for(0, parts, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) {
        // A few rows at a time: they are still in the cache when they are summed.
        const std::int64_t strip = std::max<std::int64_t>(1, 4096 / w.channels);
        for (std::int64_t row = k * step; row < std::min(rows, (k + 1) * step); row += strip) {
          const std::int64_t stop = std::min({rows, (k + 1) * step, row + strip});
          loops<T>().gradient(w, row * w.channels, stop * w.channels);
          loops<T>().column_sums(w.out + row * w.channels, stop - row, w.channels, &partial[k * w.channels]);
        }
      }
    });
    for (std::int64_t k = 0; k < parts; ++k) {
      for (std::int64_t c = 0; c < w.channels; ++c) sums[c] += partial[k * w.channels + c];
    }
  }
  at::Tensor db = at::empty({w.channels}, b_like.options());
  std::copy(sums.begin(), sums.end(), db.mutable_data_ptr<T>());
  return db;
}

std::pair<at::Tensor, at::Tensor> gradient_cpu(const at::Tensor& dy, const at::Tensor& saved, const at::Tensor& b, const BiasAct& options, bool want_db) {
  const auto layout = bias_act_layout(saved, options);
  const at::Tensor from = saved.contiguous(layout.format), grad = dy.contiguous(layout.format), bias = b.defined() ? b.contiguous() : b;
  at::Tensor dx = at::empty_like(from, layout.format), db;
  AT_DISPATCH_FLOATING_TYPES(saved.scalar_type(), "bias_act_gradient", [&] {
    auto w = bias_act_work<scalar_t>(from, bias, layout, options, dx);
    w.dy = grad.const_data_ptr<scalar_t>();
    if (want_db) {
      db = gradient_with_sums(w, from.numel(), saved);
    } else {
      at::parallel_for(0, from.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) { loops<scalar_t>().gradient(w, begin, end); });
    }
  });
  return {dx, db};
}

at::Tensor second_cpu(const at::Tensor& ddx, const at::Tensor& dy, const at::Tensor& saved, const at::Tensor& b, const BiasAct& options) {
  const auto layout = bias_act_layout(saved, options);
  const at::Tensor from = saved.contiguous(layout.format), grad = dy.contiguous(layout.format), outer = ddx.contiguous(layout.format);
  const at::Tensor bias = b.defined() ? b.contiguous() : b;
  at::Tensor out = at::empty_like(from, layout.format);
  AT_DISPATCH_FLOATING_TYPES(saved.scalar_type(), "bias_act_second", [&] {
    auto w = bias_act_work<scalar_t>(from, bias, layout, options, out);
    w.dy = grad.const_data_ptr<scalar_t>();
    w.ddx = outer.const_data_ptr<scalar_t>();
    at::parallel_for(0, from.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) { loops<scalar_t>().second(w, begin, end); });
  });
  return out;
}

}  // namespace

BiasActLayout bias_act_layout(const at::Tensor& x, const BiasAct& options) {
  BiasActLayout layout;
  layout.channels = x.size(options.dim);
  const auto format = x.suggest_memory_format();
  if (options.dim == 1 && format != at::MemoryFormat::Contiguous && x.is_contiguous(format)) {
    layout.format = format;
    return layout;
  }
  for (std::int64_t d = options.dim + 1; d < x.dim(); ++d) layout.inner *= x.size(d);
  return layout;
}

Op<BiasActForward> bias_act_forward_op{"bias_act", forward_cpu};
Op<BiasActGradient> bias_act_gradient_op{"bias_act gradient", gradient_cpu};
Op<BiasActSecond> bias_act_second_op{"bias_act second gradient", second_cpu};

}  // namespace orrery::kernels
