namespace Rge.ShapeWorld.Scenes;

/// <summary>How much of each pixel around its middle a shape covers. Immutable and thread-safe.</summary>
/// <remarks>
/// Coverage is counted over 8×8 points a pixel, with additions, multiplications and comparisons only: the same on every machine.
/// </remarks>
internal sealed class ShapeMask
{
    /// <summary>Pixels of a mask's side; the shape's middle is between the two in the middle.</summary>
    public const int Side = 22;

    /// <summary>The coverage of a pixel that lies inside.</summary>
    public const int Full = Points * Points;

    private const int Points = 8;

    // A star's corners in turn, from the upper one clockwise: sines and cosines of multiples of 36°, those inside at 0.46 of the radius.
    private static readonly (float X, float Y)[] StarCorners =
    [
        (0f, -1f),
        (0.27038f, -0.37215f),
        (0.95106f, -0.30902f),
        (0.43749f, 0.14215f),
        (0.58779f, 0.80902f),
        (0f, 0.46f),
        (-0.58779f, 0.80902f),
        (-0.43749f, 0.14215f),
        (-0.95106f, -0.30902f),
        (-0.27038f, -0.37215f),
    ];

    private static readonly float[] Radii = [7.5f, 9f, 10.5f];
    private static readonly ShapeMask[] Masks =
    [
        .. from shape in Enum.GetValues<ObjectShape>()
        from size in Enum.GetValues<ObjectSize>()
        select new ShapeMask(shape, Radii[(int)size]),
    ];

    private readonly byte[] _coverage = new byte[Side * Side];

    private ShapeMask(ObjectShape shape, float radius)
    {
        for (var y = 0; y < Side * Points; y++)
        for (var x = 0; x < Side * Points; x++)
            if (Contains(shape, At(x), At(y)))
                _coverage[y / Points * Side + x / Points]++;

        float At(int point) => ((point + 0.5f) / Points - Side / 2f) / radius;
    }

    /// <summary>From 0 to <see cref="Full"/>, row by row.</summary>
    public ReadOnlySpan<byte> Coverage => _coverage;

    public static ShapeMask For(SceneObject content) => Masks[(int)content.Shape * Radii.Length + (int)content.Size];

    /// <summary>Whether a shape of radius 1 around the origin has the point; y points down.</summary>
    private static bool Contains(ObjectShape shape, float x, float y)
    {
        var (width, height, square) = (Math.Abs(x), Math.Abs(y), x * x + y * y);
        return shape switch
        {
            ObjectShape.Circle => square <= 0.92f,
            ObjectShape.Square => Math.Max(width, height) <= 0.86f,
            ObjectShape.Triangle => y <= 0.82f && width * 1.8f <= y + 0.98f,
            ObjectShape.Diamond => width * 1.35f + height <= 1f,
            ObjectShape.Star => IsInStar(x, y),
            ObjectShape.Cross => Math.Min(width, height) <= 0.3f && Math.Max(width, height) <= 0.98f,
            ObjectShape.Ring => square is <= 1f and >= 0.3f,
            ObjectShape.Moon => square <= 1f && (x - 0.5f) * (x - 0.5f) + y * y > 0.58f,
            ObjectShape.Bar => width <= 1f && height <= 0.36f,
            _ => Math.Max(width, height) is <= 0.92f and >= 0.52f,
        };
    }

    /// <summary>Counts the star's sides to the right of the point.</summary>
    private static bool IsInStar(float x, float y)
    {
        var inside = false;
        for (int i = 0, j = StarCorners.Length - 1; i < StarCorners.Length; j = i++)
        {
            var (a, b) = (StarCorners[i], StarCorners[j]);
            if (a.Y > y != b.Y > y && x < a.X + (b.X - a.X) * (y - a.Y) / (b.Y - a.Y))
                inside = !inside;
        }
        return inside;
    }
}
