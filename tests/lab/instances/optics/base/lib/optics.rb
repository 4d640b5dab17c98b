# Thin lenses. Lengths are in millimetres.
module Optics
  # The distance of the image of an object at `distance`; negative if it is virtual.
  def self.image(focal, distance)
    focal * distance / (distance - focal)
  end

  # How much larger the image is than the object; negative if it stands on its head.
  def self.magnification(focal, distance)
    -image(focal, distance) / distance
  end

  # The focal length of lenses in a row.
  def self.combine(focals)
    1 / focals.map { |focal| 1 / focal }.sum
  end
end
