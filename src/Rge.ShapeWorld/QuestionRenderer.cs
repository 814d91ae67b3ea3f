using Rge.Data;
using Rge.Files;
using Rge.Imaging;
using Rge.ShapeWorld.Scenes;
using Rge.ShapeWorld.Tasks;

namespace Rge.ShapeWorld;

/// <summary>Turns questions into items with images. What shows the same scene object shares one image. Not thread-safe.</summary>
internal sealed class QuestionRenderer(SplitMix64 random)
{
    private readonly Dictionary<Scene, (RgbImage Pixels, ImageSource Source)> _images = [];
    private readonly Dictionary<(Scene, Cell), ImageSource> _crops = [];

    public EmbeddingInput Query(Question question) =>
        EmbeddingInput.Query(question.Text, question.Scene is { } scene ? [Show(scene, question.Cell)] : []);

    public TargetItem Target(Answer answer) =>
        new(
            answer switch
            {
                { Text: { } text } => EmbeddingInput.Target(text),
                { Cell: { } cell } => EmbeddingInput.Target("represent the object", Show(answer.Scene!, cell)),
                _ => EmbeddingInput.Target("represent the picture", Show(answer.Scene!, cell: null)),
            },
            answer.Key
        );

    public TrainingSample Sample(Question question, string dataset, string source) =>
        new()
        {
            Dataset = dataset,
            Source = source,
            Query = Query(question),
            Rationale = question.Rationale,
            Targets = question.Answer is { } answer ? [Target(answer)] : [],
            Negatives = [.. question.Negatives.Select(Target)],
        };

    private ImageSource Show(Scene scene, Cell? cell)
    {
        if (!_images.TryGetValue(scene, out var image))
        {
            var pixels = scene.Look is { } look ? SceneRenderer.Render(scene, look, random) : SceneRenderer.Render(scene, random.Next());
            _images.Add(scene, image = (pixels, Named(pixels, $"picture: {scene}")));
        }
        if (cell is not { } part)
            return image.Source;
        if (!_crops.TryGetValue((scene, part), out var crop))
            _crops.Add((scene, part), crop = Named(SceneRenderer.Crop(image.Pixels, part), $"crop: {scene[part]?.Kind}"));
        return crop;
    }

    /// <summary>An image that says in words what it shows, for errors and where images cannot be seen.</summary>
    private static ImageSource Named(RgbImage pixels, string name) =>
        ImageSource.FromPixels(new RgbImage(pixels.Width, pixels.Height, pixels.Pixels) { Name = name });
}
