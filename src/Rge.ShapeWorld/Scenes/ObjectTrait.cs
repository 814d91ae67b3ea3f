namespace Rge.ShapeWorld.Scenes;

/// <summary>What a question may ask of an object.</summary>
internal enum ObjectTrait
{
    Color,
    Shape,
}
