#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

#include "kernels/conv3x3/conv3x3_loops.h"
#include "kernels/conv3x3/conv3x3_op.h"

namespace orrery::kernels {
namespace {

std::int64_t up_to(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }
std::int64_t tile_count(std::int64_t n, const Conv3x3Side& s) { return n * ((s.rows + 3) / 4) * ((s.columns + 3) / 4); }

// The sides of a convolution, at the lower resolution.
Conv3x3Side side_of(const at::Tensor& t, bool fine) {
  if (fine) return {t.size(2) / 2, t.size(3) / 2, t.size(1) * 4, 4};
  return {t.size(2), t.size(3), t.size(1), 1};
}

const float* data_or_null(const at::Tensor& t) { return t.defined() ? t.const_data_ptr<float>() : nullptr; }

// Tiles that are transformed and multiplied in one go. Of each, in + out values come and go at every place, and for all together in * out
// weights or sums: the two traffics are alike at this count.
std::int64_t block_of(std::int64_t in, std::int64_t out, std::int64_t least, std::int64_t most) {
  return std::clamp<std::int64_t>((in * out / (in + out) + 5) / 6 * 6, least, most);
}

}  // namespace

Conv3x3Weights conv3x3_pack(const at::Tensor& w, bool transposed) {
  const Conv3x3Loops& loops = conv3x3_loops();
  const at::Tensor from = w.contiguous();
  Conv3x3Weights packed;
  packed.out = w.size(transposed ? 1 : 0), packed.in = w.size(transposed ? 0 : 1);
  packed.packed = at::empty({kConv3x3Places, packed.in, up_to(packed.out, loops.width)}, w.options().requires_grad(false));
  const float* data = from.const_data_ptr<float>();
  float* to = packed.packed.mutable_data_ptr<float>();
  const std::int64_t rows = from.size(1) * 9;
  at::parallel_for(0, packed.in, std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, packed.out)), [&](std::int64_t begin, std::int64_t end) {
    loops.pack(data, packed.out, packed.in, transposed ? 9 : rows, transposed ? rows : 9, transposed, to, begin, end);
  });
  return packed;
}

at::Tensor conv3x3_run(const at::Tensor& x_any, const Conv3x3Weights& weights, Conv3x3Form form, const Conv3x3Extras& extras) {
  const Conv3x3Loops& loops = conv3x3_loops();
  const at::Tensor x = x_any.contiguous(at::MemoryFormat::ChannelsLast);
  const std::int64_t n = x.size(0), up = form == Conv3x3Form::up ? 2 : 1, down = form == Conv3x3Form::down ? 2 : 1;
  const std::int64_t channels = form == Conv3x3Form::up ? weights.out / 4 : weights.out;
  at::Tensor y = at::empty({n, channels, x.size(2) * up / down, x.size(3) * up / down}, x.options().requires_grad(false).memory_format(at::MemoryFormat::ChannelsLast));
  if (y.numel() == 0) return y;
  if (x.numel() == 0 && !extras.act && !extras.noise.defined() && !extras.bias.defined()) return y.zero_();
  Conv3x3Work w;
  w.x = x.const_data_ptr<float>();
  w.y = y.mutable_data_ptr<float>();
  w.in = side_of(x, form == Conv3x3Form::down);
  w.out = side_of(y, form == Conv3x3Form::up);
  w.packed = weights.packed.const_data_ptr<float>();
  const at::Tensor styles = extras.styles.defined() ? extras.styles.contiguous() : extras.styles, scale = extras.scale.defined() ? extras.scale.contiguous() : extras.scale;
  const at::Tensor noise = extras.noise.defined() ? extras.noise.contiguous() : extras.noise, bias = extras.bias.defined() ? extras.bias.contiguous() : extras.bias;
  w.in_scale = data_or_null(styles);
  w.epilogue.scale = data_or_null(scale);
  w.epilogue.noise = data_or_null(noise);
  if (noise.defined()) w.epilogue.noise_stride = noise.numel() == n * y.size(2) * y.size(3) && n > 1 ? y.size(2) * y.size(3) : 0;
  w.epilogue.bias = data_or_null(bias);
  w.epilogue.act = extras.act;
  w.epilogue.slope = static_cast<float>(extras.options.activation == Activation::lrelu ? extras.options.alpha : extras.options.activation == Activation::relu ? 0.0 : 1.0);
  w.epilogue.gain = static_cast<float>(extras.options.gain);
  w.epilogue.clamp = extras.options.clamp < 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(extras.options.clamp);
  const at::Tensor zeros = at::zeros({w.in.channels}, x.options().requires_grad(false));
  w.zeros = zeros.const_data_ptr<float>();
  const std::int64_t padded = up_to(w.out.channels, loops.width), all = tile_count(n, w.in), block = block_of(w.in.channels, padded, 24, 96);
  // Blocks of equal size for all threads: the last ones end together.
  const std::int64_t threads = std::max(1, at::get_num_threads()), rounds = (all + block * threads - 1) / (block * threads);
  const std::int64_t step = std::clamp<std::int64_t>(up_to((all + rounds * threads - 1) / (rounds * threads), 6), 6, std::max<std::int64_t>(block, 6)), blocks = (all + step - 1) / step;
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const at::Tensor scratch = at::empty({kConv3x3Places * step * (w.in.channels + padded)}, at::kFloat);
    for (std::int64_t k = begin; k < end; ++k) loops.tiles(w, scratch.mutable_data_ptr<float>(), k * step, std::min(all, (k + 1) * step));
  });
  return y;
}

Conv3x3Weights conv3x3_plain_weights(const at::Tensor& w) {
  TORCH_CHECK(w.dim() == 4 && w.size(2) == 3 && w.size(3) == 3 && w.device().is_cpu() && w.scalar_type() == at::kFloat, "conv3x3: w must be [out, in, 3, 3] of float32 on the CPU.");
  const Conv3x3Loops& loops = conv3x3_loops();
  const at::Tensor from = w.detach().contiguous();
  Conv3x3Weights packed{at::empty({9, w.size(1), up_to(w.size(0), loops.width)}, from.options()), w.size(1), w.size(0)};
  const float* data = from.const_data_ptr<float>();
  float* to = packed.packed.mutable_data_ptr<float>();
  at::parallel_for(0, packed.in, std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, packed.out)), [&](std::int64_t begin, std::int64_t end) {
    loops.pack_plain(data, packed.out, packed.in, packed.in * 9, 9, to, begin, end);
  });
  return packed;
}

at::Tensor conv3x3_plain(const at::Tensor& x, const Conv3x3Weights& w, Conv3x3Form form, const at::Tensor& styles) {
  TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && x.scalar_type() == at::kFloat && x.size(1) == w.in && form != Conv3x3Form::down && w.packed.size(0) == 9,
              "conv3x3: x must be [N, C, H, W] of float32 on the CPU with the weights' channels, and the form same or up.");
  const Conv3x3Loops& loops = conv3x3_loops();
  const bool up = form == Conv3x3Form::up;
  const std::int64_t n = x.size(0), rows = x.size(2), columns = x.size(3), out_rows = up ? 2 * rows + 1 : rows, out_columns = up ? 2 * columns + 1 : columns;
  const at::Tensor in = (styles.defined() ? x.mul(styles.view({n, w.in, 1, 1})) : x).contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor y = at::empty({n, w.out, out_rows, out_columns}, x.options().requires_grad(false).memory_format(at::MemoryFormat::ChannelsLast)).zero_();
  if (y.numel() == 0 || in.numel() == 0) return y;
  // A sample at a time, in strips of rows: the products of a strip are added to the output where they belong.
  const std::int64_t padded = up_to(w.out, loops.width), panels = (padded + loops.panel - 1) / loops.panel, strip = std::clamp<std::int64_t>(256 / columns, 1, rows);
  const at::Tensor products = at::empty({9, strip * columns, padded}, at::kFloat);
  const float *from = in.const_data_ptr<float>(), *packed = w.packed.const_data_ptr<float>();
  float *m = products.mutable_data_ptr<float>(), *to = y.mutable_data_ptr<float>();
  for (std::int64_t sample = 0; sample < n; ++sample) {
    for (std::int64_t first = 0; first < rows; first += strip) {
      const std::int64_t some = std::min(strip, rows - first), count = some * columns;
      const float* a = from + (sample * rows + first) * columns * w.in;
      at::parallel_for(0, 9 * panels, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t k = begin; k < end; ++k) {
          const std::int64_t place = k / panels, panel = k % panels * loops.panel;
          loops.product(a, count, w.in, packed + place * w.in * padded, padded, m + place * count * padded, panel, std::min(padded, panel + loops.panel));
        }
      });
      at::parallel_for(0, w.out, std::max<std::int64_t>(16, 32768 / count), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t place = 0; place < 9; ++place) {
          for (std::int64_t k = 0; k < count; ++k) {
            const std::int64_t row = first + k / columns, column = k % columns;
            const std::int64_t to_row = up ? 2 * row + place / 3 : row + 1 - place / 3, to_column = up ? 2 * column + place % 3 : column + 1 - place % 3;
            if (to_row < 0 || to_row >= out_rows || to_column < 0 || to_column >= out_columns) continue;
            float* sum = to + ((sample * out_rows + to_row) * out_columns + to_column) * w.out;
            const float* add = m + (place * count + k) * padded;
            for (std::int64_t o = begin; o < end; ++o) sum[o] += add[o];
          }
        }
      });
    }
  }
  return y;
}

// The sums over tiles are cut by shape alone, so that they do not depend on the number of threads.
at::Tensor conv3x3_weight_gradient(const at::Tensor& x_any, const at::Tensor& dy_any, Conv3x3Form form) {
  const Conv3x3Loops& loops = conv3x3_loops();
  const at::Tensor x = x_any.contiguous(at::MemoryFormat::ChannelsLast), dy = dy_any.contiguous(at::MemoryFormat::ChannelsLast);
  const Conv3x3Side from = side_of(x, form == Conv3x3Form::down), to = side_of(dy, form == Conv3x3Form::up);
  const std::int64_t in = from.channels, out = to.channels, all = tile_count(x.size(0), from), block = block_of(in, out, 36, 252);
  const at::Tensor sums = at::zeros({kConv3x3Places, in, out}, at::kFloat), zeros = at::zeros({std::max(in, out)}, at::kFloat);
  const at::Tensor scratch = at::empty({kConv3x3Places * block * (in + out)}, at::kFloat), dw = at::empty({out, in, 3, 3}, x.options().requires_grad(false));
  float *v = scratch.mutable_data_ptr<float>(), *z = v + kConv3x3Places * block * in, *sum = sums.mutable_data_ptr<float>();
  const float *px = x.const_data_ptr<float>(), *pdy = dy.const_data_ptr<float>(), *zero = zeros.const_data_ptr<float>();
  for (std::int64_t start = 0; start < all; start += block) {
    const std::int64_t count = std::min(block, all - start);
    at::parallel_for(0, count, 8, [&](std::int64_t begin, std::int64_t end) {
      loops.transform(px, from, true, zero, start + begin, start + end, v + begin * in, block * in);
      loops.transform(pdy, to, false, zero, start + begin, start + end, z + begin * out, block * out);
    });
    at::parallel_for(0, kConv3x3Places, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) loops.accumulate(v + k * block * in, z + k * block * out, count, in, out, sum + k * in * out);
    });
  }
  float* result = dw.mutable_data_ptr<float>();
  at::parallel_for(0, in, 8, [&](std::int64_t begin, std::int64_t end) { loops.finish(sum, in, out, begin, end, result); });
  return dw;
}

}  // namespace orrery::kernels
