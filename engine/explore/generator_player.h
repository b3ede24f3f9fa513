// The player of every network that fulfils the Generator contract: which controls it has, and what picture a request means.
#pragma once

#include <memory>

#include "engine/explore/player.h"
#include "engine/systems/model.h"

namespace orrery {

// Controls (neutral values leave the network as it is):
//   seed, latent.pad            the point in z; between integer points of the pad the latents are mixed
//   latent.second, .second_pad, .blend   a second point and how far to go there; latent.mode says in which space points are mixed
//   class, class.blend          of class-conditional networks
//   truncation.psi, .cutoff     w' = centre + psi (w - centre) in the first `cutoff` styles (StyleGAN, Karras et al. 2019, appendix B)
//   mix.seed, .strength, .layers   styles of another seed (same paper, section 3.1)
//   noise.mode, .strength, .seed
//   direction.pca.K, direction.closed.K, direction.layers   steps along directions in w, in standard deviations; listed once they were
//                               computed (engine/explore/directions.h). A request that uses them where they were not computes them.
// Every sample goes through the network alone, so its picture depends on its own request only, bit for bit.
// Throws Error(failed) when the model's network is not a Generator.
std::unique_ptr<Player> make_generator_player(std::shared_ptr<const Model> model);

}  // namespace orrery
