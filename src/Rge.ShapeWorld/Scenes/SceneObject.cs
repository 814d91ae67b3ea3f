namespace Rge.ShapeWorld.Scenes;

/// <summary>An object of a scene.</summary>
/// <param name="Kind">Colour and shape.</param>
/// <param name="Size">The size it is drawn in.</param>
public readonly record struct SceneObject(ObjectKind Kind, ObjectSize Size)
{
    /// <summary>The colour.</summary>
    public ObjectColor Color => Kind.Color;

    /// <summary>The shape.</summary>
    public ObjectShape Shape => Kind.Shape;
}
