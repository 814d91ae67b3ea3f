namespace Rge.ShapeWorld.Scenes;

/// <summary>The sizes of objects. No question asks for them.</summary>
public enum ObjectSize
{
    /// <summary>15 pixels across.</summary>
    Small,

    /// <summary>18 pixels across.</summary>
    Medium,

    /// <summary>21 pixels across.</summary>
    Large,
}
