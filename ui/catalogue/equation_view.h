// The objective as it is implemented, set as mathematics from plain Unicode lines: italics for letters, raised and lowered _x ^x.
#pragma once

#include <QWidget>

namespace orrery::ui {

class EquationView : public QWidget {
  Q_OBJECT

 public:
  explicit EquationView(const QString& lines, QWidget* parent = nullptr);

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  struct Piece {
    QString text;
    bool italic = false;
    int level = 0;  // 1 raised, -1 lowered
  };
  QVector<Piece> pieces(const QString& line) const;
  QFont fontOf(const Piece& piece) const;
  double widthOf(const QString& line) const;
  double scaleFor(int width) const;

  QStringList lines_;
};

}  // namespace orrery::ui
