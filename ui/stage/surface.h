// Where the stage is drawn: an OpenGL window in a container, or a plain widget. Both ask the StageCore what to draw.
#pragma once

#include <QImage>
#include <QObject>
#include <functional>
#include <memory>

#include "engine/api/frame.h"

class QWidget;

namespace orrery::ui {

class StageCore;

class Surface : public QObject {
  Q_OBJECT

 public:
  virtual QWidget* widget() = 0;
  virtual void setPicture(int slot, const DeviceImage& image) = 0;
  virtual void dropPicture(int slot) = 0;
  virtual void redraw() = 0;
  virtual QImage grab() = 0;                // what is on the surface now
  virtual QString description() const = 0;  // "OpenGL 4.5, llvmpipe", "software"
  virtual bool isOpenGl() const = 0;

 Q_SIGNALS:
  void failed(const QString& why);  // OpenGL gave up; the surface must be replaced

 protected:
  using QObject::QObject;
};

// Whether an OpenGL 4.5 window can be had here; otherwise `why` says what is missing.
bool openGlWorks(QString* why);
std::unique_ptr<Surface> makeGlSurface(StageCore& core);
std::unique_ptr<Surface> makeSoftSurface(StageCore& core, const QString& note);

}  // namespace orrery::ui
