namespace Rge.ShapeWorld.Scenes;

/// <summary>The shapes of objects.</summary>
public enum ObjectShape
{
    /// <summary>A disc.</summary>
    Circle,

    /// <summary>A filled square.</summary>
    Square,

    /// <summary>A triangle that stands on its base.</summary>
    Triangle,

    /// <summary>A square on its corner, narrower than high.</summary>
    Diamond,

    /// <summary>A star of five points.</summary>
    Star,

    /// <summary>An upright cross with arms of equal length.</summary>
    Cross,

    /// <summary>A circle with a round hole.</summary>
    Ring,

    /// <summary>A crescent that opens to the right.</summary>
    Moon,

    /// <summary>A lying bar.</summary>
    Bar,

    /// <summary>A square with a square hole.</summary>
    Frame,
}
