#include "engine/media/font.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_OUTLINE_H
#include <hb.h>

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/data/names.h"

namespace orrery::media {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, "The font cannot be used: " + why + "."); }

}  // namespace

struct Font::Impl {
  std::string bytes;
  FT_Library library = nullptr;  // FreeType: one thread at a time per library
  FT_Face face = nullptr;
  hb_blob_t* blob = nullptr;
  hb_face_t* shaping_face = nullptr;
  hb_font_t* shaping_font = nullptr;

  ~Impl() {
    hb_font_destroy(shaping_font);
    hb_face_destroy(shaping_face);
    hb_blob_destroy(blob);
    if (face) FT_Done_Face(face);
    if (library) FT_Done_FreeType(library);
  }

  // Loads an outline at `ppem`; false when there is none.
  bool load(std::uint32_t glyph, double ppem) const {
    if (FT_Set_Char_Size(face, 0, static_cast<FT_F26Dot6>(std::lround(ppem * 64)), 72, 72) != 0) return false;
    return FT_Load_Glyph(face, glyph, FT_LOAD_NO_HINTING | FT_LOAD_NO_BITMAP) == 0 && face->glyph->format == FT_GLYPH_FORMAT_OUTLINE && face->glyph->outline.n_points > 0;
  }
};

Font::Font(std::string bytes, int face_index) : impl_(std::make_unique<Impl>()) {
  impl_->bytes = std::move(bytes);
  if (FT_Init_FreeType(&impl_->library) != 0) refuse("FreeType does not start");
  if (FT_New_Memory_Face(impl_->library, reinterpret_cast<const FT_Byte*>(impl_->bytes.data()), static_cast<FT_Long>(impl_->bytes.size()), face_index, &impl_->face) != 0) {
    refuse("it is damaged or not a font");
  }
  impl_->blob = hb_blob_create(impl_->bytes.data(), static_cast<unsigned>(impl_->bytes.size()), HB_MEMORY_MODE_READONLY, nullptr, nullptr);
  impl_->shaping_face = hb_face_create(impl_->blob, static_cast<unsigned>(face_index));
  impl_->shaping_font = hb_font_create(impl_->shaping_face);
}

Font::~Font() = default;

int Font::face_count() const { return static_cast<int>(impl_->face->num_faces); }
std::string Font::family() const { return data::readable_name(impl_->face->family_name ? impl_->face->family_name : ""); }
std::string Font::style() const { return data::readable_name(impl_->face->style_name ? impl_->face->style_name : ""); }
bool Font::has_colour_pictures() const { return FT_HAS_COLOR(impl_->face) && impl_->face->num_fixed_sizes > 0; }

std::optional<std::uint32_t> Font::shape(const std::vector<std::uint32_t>& code_points) const {
  struct Buffer {
    hb_buffer_t* it = hb_buffer_create();
    ~Buffer() { hb_buffer_destroy(it); }
  } buffer;
  hb_buffer_add_codepoints(buffer.it, code_points.data(), static_cast<int>(code_points.size()), 0, static_cast<int>(code_points.size()));
  hb_buffer_guess_segment_properties(buffer.it);
  hb_shape(impl_->shaping_font, buffer.it, nullptr, 0);
  unsigned count = 0;
  const hb_glyph_info_t* glyphs = hb_buffer_get_glyph_infos(buffer.it, &count);
  if (count != 1 || glyphs[0].codepoint == 0) return std::nullopt;
  return glyphs[0].codepoint;
}

data::Pixels Font::colour_picture(std::uint32_t glyph, int side_px) const {
  FT_Face face = impl_->face;
  int largest = 0;
  for (int i = 1; i < face->num_fixed_sizes; ++i) {
    if (face->available_sizes[i].y_ppem > face->available_sizes[largest].y_ppem) largest = i;
  }
  if (FT_Select_Size(face, largest) != 0 || FT_Load_Glyph(face, glyph, FT_LOAD_COLOR) != 0) refuse("a glyph is damaged");
  const FT_Bitmap& bitmap = face->glyph->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_BGRA || static_cast<int>(bitmap.width) > side_px || static_cast<int>(bitmap.rows) > side_px) refuse("a glyph has no colour picture of at most " + std::to_string(side_px) + " pixels");
  data::Pixels out(side_px, side_px, 3);
  std::fill(out.bytes.begin(), out.bytes.end(), std::uint8_t{255});
  const int left = (side_px - static_cast<int>(bitmap.width)) / 2, top = (side_px - static_cast<int>(bitmap.rows)) / 2;
  for (int y = 0; y < static_cast<int>(bitmap.rows); ++y) {
    const std::uint8_t* from = bitmap.buffer + y * bitmap.pitch;
    std::uint8_t* to = out.row(top + y) + left * 3;
    for (int x = 0; x < static_cast<int>(bitmap.width); ++x, from += 4, to += 3) {
      // Premultiplied: colour over white is c + 255 (1 - a).
      for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>(std::min(255, from[2 - c] + 255 - from[3]));
    }
  }
  return out;
}

std::optional<Font::Box> Font::ink(std::uint32_t glyph, double ppem) const {
  if (!impl_->load(glyph, ppem)) return std::nullopt;
  FT_BBox box;
  FT_Outline_Get_CBox(&impl_->face->glyph->outline, &box);
  if (box.xMax <= box.xMin || box.yMax <= box.yMin) return std::nullopt;
  return Box{box.xMin / 64.0, box.yMin / 64.0, box.xMax / 64.0, box.yMax / 64.0};
}

void Font::draw(std::uint32_t glyph, double ppem, double x_px, double baseline_px, data::Pixels& onto) const {
  if (!impl_->load(glyph, ppem)) return;
  FT_Outline& outline = impl_->face->glyph->outline;
  FT_Outline_Translate(&outline, std::lround(x_px * 64), std::lround((onto.height_px - baseline_px) * 64));
  std::vector<std::uint8_t> ink(static_cast<std::size_t>(onto.width_px) * onto.height_px, 0);
  FT_Bitmap bitmap{};
  bitmap.width = static_cast<unsigned>(onto.width_px);
  bitmap.rows = static_cast<unsigned>(onto.height_px);
  bitmap.pitch = onto.width_px;  // positive: rows from the top
  bitmap.buffer = ink.data();
  bitmap.num_grays = 256;
  bitmap.pixel_mode = FT_PIXEL_MODE_GRAY;
  if (FT_Outline_Get_Bitmap(impl_->library, &outline, &bitmap) != 0) refuse("an outline is damaged");
  for (std::size_t i = 0; i < ink.size(); ++i) onto.bytes[i] = static_cast<std::uint8_t>(std::max(0, onto.bytes[i] - ink[i]));
}

}  // namespace orrery::media
