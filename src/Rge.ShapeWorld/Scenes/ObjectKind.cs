namespace Rge.ShapeWorld.Scenes;

/// <summary>What questions and answers name an object by; there are 100.</summary>
/// <param name="Color">The colour.</param>
/// <param name="Shape">The shape.</param>
public readonly record struct ObjectKind(ObjectColor Color, ObjectShape Shape)
{
    private const int Shapes = 10;

    /// <summary>Every kind, by index.</summary>
    public static IReadOnlyList<ObjectKind> All { get; } =
    [.. from color in Enum.GetValues<ObjectColor>() from shape in Enum.GetValues<ObjectShape>() select new ObjectKind(color, shape)];

    /// <summary>From 0 to 99.</summary>
    public int Index => (int)Color * Shapes + (int)Shape;

    /// <summary>"red star".</summary>
    public override string ToString() => SceneWords.Name(this);
}
