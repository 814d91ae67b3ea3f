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

    public static Answer Image(Scene scene) => new() { Key = "picture " + scene.Listing(), Scene = scene };

    public static Answer Crop(Scene scene, Cell cell) =>
        new()
        {
            Key = CropKey(scene[cell]!.Value.Kind),
            Scene = scene,
            Cell = cell,
        };

    public static string CropKey(ObjectKind kind) => "crop " + SceneWords.Name(kind);
}
