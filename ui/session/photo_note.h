// What the window says of photos and of what they leave to make.
#pragma once

#include <QObject>
#include <QSize>
#include <QString>
#include <QTimer>

#include "engine/api/control.h"

namespace orrery::ui {

class Session;

// "sea.jpg had 1,200 × 800 pixels and is cropped and resized to 64 × 64."; empty: it has the size already.
QString resizeNote(const QString& path, const QSize& wanted_px);

// The photo without which this control does nothing in a view: a control "photo.x" needs the "photo". Null: it acts. Masks always do: painting one
// takes the picture that is shown for the photo.
const ControlSpec* missingPhoto(const Session& session, const ControlSpec& spec, int view = -1);

// The scale of what a view shows; empty: it shows a picture.
QString errorScale(const Session& session, int view);

// Says when the active view's request leaves nothing to make, which looks like a control that does not act: an empty mask, all tokens pinned. Hangs on
// the Session: attached<KeptNotes>(session).
class KeptNotes : public QObject {
  Q_OBJECT

 public:
  explicit KeptNotes(Session& session);

 private:
  void look();

  Session& session_;
  QTimer later_;
  QString said_;
};

}  // namespace orrery::ui
