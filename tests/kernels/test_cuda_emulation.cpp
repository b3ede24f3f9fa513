#include "cuda_emulation.h"

#include "kernels/adam_step/adam_step.cu"
#include "kernels/adam_step/adam_step_cuda.cpp"
#include "kernels/bias_act/bias_act.cu"
#include "kernels/bias_act/bias_act_cuda.cpp"
#include "kernels/nearest_code/nearest_code.cu"
#include "kernels/nearest_code/nearest_code_cuda.cpp"
#include "kernels/philox_normal/philox_normal.cu"
#include "kernels/philox_normal/philox_normal_cuda.cpp"
#include "kernels/to_rgba8/to_rgba8.cu"
#include "kernels/to_rgba8/to_rgba8_cuda.cpp"
#include "kernels/upfirdn2d/upfirdn2d.cu"
#include "kernels/upfirdn2d/upfirdn2d_cuda.cpp"

#include "checks.h"

using namespace orrery::kernels;
using checks::randn;

namespace {
// As it is, channels last, and off a 16-byte line.
std::vector<at::Tensor> layouts_of(const at::Tensor& x) {
  std::vector<at::Tensor> layouts;
  layouts.reserve(3);
  layouts.push_back(x);
  if (x.dim() == 4) layouts.push_back(x.contiguous(at::MemoryFormat::ChannelsLast));
  layouts.push_back(at::cat({at::zeros({1}, x.options()), x.flatten()}).slice(0, 1).view(x.sizes()));
  return layouts;
}
}  // namespace

// The source of the CUDA operators, against the CPU operators.
class TestCudaEmulation : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() {
    register_bias_act();
    register_upfirdn2d();
    register_to_rgba8();
    register_philox();
    register_adam_step();
    register_nearest_code();
  }

  void bias_act() {
    for (int a = 0; a < 9; ++a) {
      for (const auto type : {at::kFloat, at::kDouble}) {
        const double allowed = type == at::kFloat ? 2e-6 : 1e-14;
        for (const BiasAct& o : {BiasAct{1, static_cast<Activation>(a), 0.2, 1.4, 0.8}, BiasAct{1, static_cast<Activation>(a), -0.3, -0.7, -1.0}}) {
          for (const auto& shape : std::vector<std::vector<std::int64_t>>{{2, 3, 5, 7}, {2, 8, 4, 4}, {70, 33}, {0, 4, 2, 2}, {1, 5, 1, 1}}) {
            const at::Tensor b = randn({shape[1]}, 2, type);
            for (const at::Tensor& x : layouts_of(randn(shape, 1, type))) {
              const at::Tensor y = bias_act_forward_op.cpu(x, b, o);
              QVERIFY(checks::distance(bias_act_forward_op.cuda.load()(x, b, o), y) <= allowed);
              QVERIFY(checks::distance(bias_act_forward_op.cuda.load()(x, {}, o), bias_act_forward_op.cpu(x, {}, o)) <= allowed);
              const bool by_input = derivatives_need_input(o);
              const at::Tensor saved = by_input ? x : y, saved_b = by_input ? b : at::Tensor(), dy = randn(shape, 3, type), ddx = randn(shape, 4, type);
              const auto ours = bias_act_gradient_op.cuda.load()(dy, saved, saved_b, o, true), cpu = bias_act_gradient_op.cpu(dy, saved, saved_b, o, true);
              QVERIFY(checks::distance(ours.first, cpu.first) <= allowed);
              QVERIFY(checks::distance(ours.second, cpu.second) <= 10 * allowed);
              QVERIFY(checks::distance(bias_act_second_op.cuda.load()(ddx, dy, saved, saved_b, o), bias_act_second_op.cpu(ddx, dy, saved, saved_b, o)) <= allowed);
            }
          }
        }
      }
    }
  }

  void upfirdn2d() {
    const at::Tensor blur = setup_filter({1, 3, 3, 1}), odd = randn({3, 5}, 5) * 0.3, one = setup_filter({1, 2, 5, 2, 1, -1, 3, 1, 1, 2, 0, 4}, true, false, 1.0, true);
    for (const at::Tensor& f : {blur, odd, one, at::Tensor()}) {
      for (const UpFirDn& o : {UpFirDn{1, 1, 1, 1, {6, 5, 6, 5}, false, 1.5}, UpFirDn{2, 2, 1, 1, {6, 5, 6, 5}, true, 4.0}, UpFirDn{1, 1, 2, 2, {6, 5, 6, 5}, false, 1.0},
                               UpFirDn{2, 2, 1, 1, {-2, 13, 9, -1}, false, 1.0}, UpFirDn{3, 2, 2, 3, {12, 3, 8, 5}, false, 2.0}, UpFirDn{1, 1, 1, 1, {30, 31, 32, 29}, false, 1.0}}) {
        for (const auto& shape : std::vector<std::vector<std::int64_t>>{{2, 3, 9, 11}, {1, 8, 16, 16}, {0, 3, 9, 11}}) {
          for (const auto type : {at::kFloat, at::kDouble}) {
            for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
              const at::Tensor x = randn(shape, 6, type).contiguous(format);
              QVERIFY(checks::distance(upfirdn2d_op.cuda.load()(x, f, o), upfirdn2d_op.cpu(x, f, o)) <= (type == at::kFloat ? 3e-6 : 1e-13));
            }
          }
        }
      }
    }
  }

  void nearest_code() {
    for (const auto type : {at::kFloat, at::kDouble}) {
      for (const auto& size : std::vector<std::vector<std::int64_t>>{{1, 1, 1}, {37, 5, 3}, {300, 100, 16}, {2, 1000, 8}, {0, 4, 4}}) {
        const at::Tensor x = randn({size[0], size[2]}, 1, type).mul(4.0).round(), codes = randn({size[1], size[2]}, 2, type).mul(4.0).round();  // whole numbers: many equal distances
        QVERIFY(checks::same_bits(nearest_code_op.cuda.load()(x, codes), nearest_code_op.cpu(x, codes)));
      }
    }
  }

  void to_rgba8() {
    for (const std::int64_t channels : {1, 3, 4}) {
      const at::Tensor x = randn({channels, 33, 47}, 7);
      QVERIFY(checks::same_bits(to_rgba8_op.cuda.load()(x), to_rgba8_op.cpu(x)));
      QVERIFY(checks::same_bits(to_rgba8_op.cuda.load()(x.transpose(1, 2)), to_rgba8_op.cpu(x.transpose(1, 2))));
    }
  }

  void philox() {
    std::vector<std::int64_t> keys(300);
    for (std::size_t k = 0; k < keys.size(); ++k) keys[k] = static_cast<std::int64_t>(k * k) - 50;
    const at::Tensor seeds = at::tensor(keys, at::kLong);
    for (const auto what : {PhiloxWhat::bits, PhiloxWhat::uniform, PhiloxWhat::normal}) {
      for (const auto type : {at::kInt, at::kFloat, at::kDouble}) {
        if ((what == PhiloxWhat::bits) != (type == at::kInt)) continue;
        for (const std::int64_t per_row : {1, 6, 77}) {
          const at::Tensor ours = at::full({300, per_row}, -9, type), cpu = at::full({300, per_row}, -9, type);
          philox_op.cuda.load()(what, seeds, 5, (1ull << 32) - 7, ours);
          philox_op.cpu(what, seeds, 5, (1ull << 32) - 7, cpu);
          QVERIFY(checks::same_bits(ours, cpu));
        }
      }
    }
  }

  void adam_and_average() {
    std::vector<at::Tensor> p, g, m, v;
    for (std::int64_t k = 0; k < 150; ++k) {
      const auto type = k % 3 == 0 ? at::kDouble : at::kFloat;
      const std::int64_t size = k == 70 ? 10000 : k % 7;
      const auto seed = static_cast<std::uint64_t>(k);
      p.push_back(randn({size}, seed, type)), g.push_back(randn({size}, seed + 1, type)), m.push_back(randn({size}, seed + 2, type)), v.push_back(randn({size}, seed + 3, type).abs());
    }
    g[70][5] = std::numeric_limits<double>::quiet_NaN();
    g[70][6] = -std::numeric_limits<double>::infinity();
    const auto copy = [](const std::vector<at::Tensor>& from) {
      std::vector<at::Tensor> out;
      for (const auto& t : from) out.push_back(t.clone());
      return out;
    };
    for (const double beta1 : {0.0, 0.9}) {
      Adam o;
      o.beta1 = beta1;
      auto p1 = copy(p), m1 = copy(m), v1 = copy(v), p2 = copy(p), m2 = copy(m), v2 = copy(v);
      adam_step_op.cuda.load()(p1, g, m1, v1, 3, o);
      adam_step_op.cpu(p2, g, m2, v2, 3, o);
      ema_step_op.cuda.load()(m1, p1, 0.1);
      ema_step_op.cpu(m2, p2, 0.1);
      for (std::size_t k = 0; k < p.size(); ++k) {
        QVERIFY(checks::distance(p1[k], p2[k]) <= 1e-6 && checks::distance(m1[k], m2[k]) <= 1e-6 && checks::distance(v1[k], v2[k]) <= 1e-6);
      }
    }
  }
};

QTEST_GUILESS_MAIN(TestCudaEmulation)
#include "test_cuda_emulation.moc"
