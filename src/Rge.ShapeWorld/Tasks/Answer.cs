using Rge.Data;
using Rge.ShapeWorld.Scenes;

namespace Rge.ShapeWorld.Tasks;

/// <summary>What a question is answered with, before anything is drawn: a text, the image of a scene, or the crop of a cell.</summary>
internal sealed record Answer
{
    private Answer() { }

    /// <summary>Equal for answers of equal meaning; see <see cref="TargetItem.Key"/>.</summary>
    public required string Key { get; init; }

    /// <summary>The answer, where it is a text.</summary>
    public string? Text { get; private init; }

    /// <summary>The scene that is shown, where the answer is an image.</summary>
    public Scene? Scene { get; private init; }

    /// <summary>The cell that is cut out, where the answer is a crop.</summary>
    public Cell? Cell { get; private init; }

    public static Answer FromText(string text) => new() { Key = "text " + text, Text = text };

    /// <summary>The image of a scene; where its look is settled, images in other looks mean something else.</summary>
    public static Answer Image(Scene scene) => new() { Key = $"picture {scene.Listing()}{In(scene, scene.Objects)}", Scene = scene };

    /// <summary>The crop of a cell that has an object; where the look of the scene is settled, as for an image.</summary>
    public static Answer Crop(Scene scene, Cell cell)
    {
        var content = scene[cell]!.Value;
        return new Answer
        {
            Key = CropKey(content.Kind) + In(scene, [new PlacedObject(cell, content)]),
            Scene = scene,
            Cell = cell,
        };
    }

    public static string CropKey(ObjectKind kind) => "crop " + SceneWords.Name(kind);

    private static string In(Scene scene, IEnumerable<PlacedObject> objects) =>
        scene.Look is { } look ? " in " + look.Describe(objects) : "";
}
