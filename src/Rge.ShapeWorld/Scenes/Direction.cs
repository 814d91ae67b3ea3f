namespace Rge.ShapeWorld.Scenes;

/// <summary>The directions from a cell to its neighbours.</summary>
public enum Direction
{
    /// <summary>To the cell on the left.</summary>
    Left,

    /// <summary>To the cell on the right.</summary>
    Right,

    /// <summary>To the cell above.</summary>
    Above,

    /// <summary>To the cell below.</summary>
    Below,
}
