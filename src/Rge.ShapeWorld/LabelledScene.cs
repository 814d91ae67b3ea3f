using Rge.Imaging;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld;

/// <summary>An image and what is in it, to learn to see from. Immutable.</summary>
/// <param name="Image">The image, <see cref="SceneRenderer.Side"/> pixels wide and high.</param>
/// <param name="Scene">What it shows: <c>Scene[cell]</c> is the object of a cell with colour, shape and size, or null.</param>
public sealed record LabelledScene(RgbImage Image, Scene Scene)
{
    /// <summary>The image of one cell, which <c>Scene[cell]</c> labels.</summary>
    public RgbImage Crop(Cell cell) => SceneRenderer.Crop(Image, cell);
}
