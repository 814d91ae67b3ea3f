namespace Rge.ShapeWorld.Scenes;

/// <summary>An object and the cell it is in.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Object">The object.</param>
public readonly record struct PlacedObject(Cell Cell, SceneObject Object)
{
    /// <summary>Colour and shape.</summary>
    public ObjectKind Kind => Object.Kind;

    /// <summary>The colour.</summary>
    public ObjectColor Color => Object.Color;

    /// <summary>The shape.</summary>
    public ObjectShape Shape => Object.Shape;
}
