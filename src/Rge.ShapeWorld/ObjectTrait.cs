namespace Rge.ShapeWorld;

/// <summary>What a question may ask of an object.</summary>
internal enum ObjectTrait
{
    Color,
    Shape,
}
