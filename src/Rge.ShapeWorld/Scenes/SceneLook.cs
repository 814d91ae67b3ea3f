using System.Globalization;
using Rge.Files;

namespace Rge.ShapeWorld.Scenes;

/// <summary>
/// How a scene is drawn, as far as no word tells it: the light, and how far from the middle of its cell each object is. Immutable and
/// thread-safe.
/// </summary>
/// <remarks>Sizes are the objects' own (<see cref="SceneObject.Size"/>), and the noise is another in every drawing.</remarks>
internal sealed class SceneLook
{
    /// <summary>The light at which colours are those of the palette.</summary>
    public const int FullLight = 64;

    /// <summary>
    /// The most that an object is off the middle of its cell, in pixels to each side; a crop of the cell has all of it and nothing of
    /// another.
    /// </summary>
    public const int Jitter = 3;

    /// <summary>The weakest and the strongest light.</summary>
    public const int LeastLight = 56,
        MostLight = 72;

    private readonly (int Right, int Down)[] _offsets;

    private SceneLook(int light, (int Right, int Down)[] offsets) => (Light, _offsets) = (light, offsets);

    /// <summary>The brightness of the image, in parts of <see cref="FullLight"/>.</summary>
    public int Light { get; }

    /// <summary>How many pixels to the right of and below the middle of its cell an object is drawn; 0 where there was none.</summary>
    public (int Right, int Down) this[Cell cell] => _offsets[(int)cell];

    /// <summary>A look for the objects of a scene.</summary>
    public static SceneLook Draw(SplitMix64 random, Scene scene) => new(SomeLight(random), SomeOffsets(random, scene));

    /// <summary>A light, from <see cref="LeastLight"/> to <see cref="MostLight"/>.</summary>
    public static int SomeLight(SplitMix64 random) => random.Between(LeastLight, MostLight);

    /// <summary>A place in a cell.</summary>
    public static (int Right, int Down) SomeOffset(SplitMix64 random)
    {
        var right = random.Between(-Jitter, Jitter);
        return (right, random.Between(-Jitter, Jitter));
    }

    /// <summary>The look in another light.</summary>
    public SceneLook WithLight(int light) => new(light, _offsets);

    /// <summary>The look with other places of all objects of a scene.</summary>
    public SceneLook WithOffsets(SplitMix64 random, Scene scene) => new(Light, SomeOffsets(random, scene));

    /// <summary>The look with another place in one cell.</summary>
    public SceneLook WithOffset(Cell cell, (int Right, int Down) offset)
    {
        var offsets = ((int, int)[])_offsets.Clone();
        offsets[(int)cell] = offset;
        return new SceneLook(Light, offsets);
    }

    /// <summary>Light, sizes and places of some objects; equal where their drawings differ in noise alone.</summary>
    public string Describe(IEnumerable<PlacedObject> objects) =>
        string.Create(CultureInfo.InvariantCulture, $"light {Light}") + string.Concat(objects.Select(Describe));

    private string Describe(PlacedObject placed)
    {
        var (right, down) = this[placed.Cell];
        return string.Create(CultureInfo.InvariantCulture, $", {SceneWords.Name(placed.Cell)} {placed.Object.Size} {right} {down}");
    }

    // In the order of the objects, so that a look of a scene needs as many random numbers as it has objects.
    private static (int Right, int Down)[] SomeOffsets(SplitMix64 random, Scene scene)
    {
        var offsets = new (int, int)[Grid.Count];
        foreach (var placed in scene.Objects)
            offsets[(int)placed.Cell] = SomeOffset(random);
        return offsets;
    }
}
