using System.Text.Json.Nodes;
using Rge.Imaging;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Oracle;

namespace Rge.Oracle.Tests;

/// <summary>Which model verifies, and what it decides about the images of the endpoint and about verdicts of earlier runs.</summary>
public sealed class VerifierModelTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rge-verifier-").FullName;
    private readonly RationaleSettings _settings;

    public VerifierModelTests()
    {
        var shipped = Path.Combine(Golden.RepositoryRoot, "models", "shapeworld");
        Directory.CreateDirectory(Model);
        foreach (var file in Directory.EnumerateFiles(shipped))
            File.Copy(file, Path.Combine(Model, Path.GetFileName(file)));
        OracleData.Write(Data, "first", 3);
        _settings = new RationaleSettings
        {
            Data = Data,
            Output = Path.Combine(_root, "out"),
            Verifier = new VerifierSettings { Model = Model, Candidates = 2 },
        };
    }

    // A name of the kind by which presets are recognised.
    private string Model => Path.Combine(_root, "Qwen3-VL-Embedding-2B");

    private string Data => Path.Combine(_root, "data");

    [Fact]
    public void A_model_that_takes_no_rationale_is_refused_before_anything_is_asked()
    {
        var preset = ModelPreset.Named("qwen3-vl-embedding");
        Assert.Contains(
            "qwen3-vl-embedding, which has no place for one",
            Refusal(new ReasoningEmbedderOptions { Preset = preset }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no place for one",
            Refusal(new ReasoningEmbedderOptions { Pooling = EmbeddingPooling.LastToken }),
            StringComparison.Ordinal
        );
        foreach (var name in (string[])["tokenizer.json", "tokenizer_config.json"])
        {
            var path = Path.Combine(Model, name);
            File.WriteAllText(path, File.ReadAllText(path).Replace("<emb>", "<bem>", StringComparison.Ordinal));
        }
        Assert.Contains("has no token <emb>", Refusal(new ReasoningEmbedderOptions()), StringComparison.Ordinal);

        string Refusal(ReasoningEmbedderOptions options) =>
            Assert
                .Throws<OracleException>(() =>
                    new RationaleJob(_settings with { Verifier = _settings.Verifier! with { Embedder = options } })
                )
                .Message;
    }

    [Theory]
    [InlineData(true, null, true)]
    [InlineData(true, false, false)]
    [InlineData(false, null, false)]
    public async Task The_endpoint_sees_images_turned_as_the_model_was_trained(bool trained, bool? asked, bool turned)
    {
        var path = Path.Combine(Model, "preprocessor_config.json");
        var processor = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        processor["exif_orientation"] = trained;
        await File.WriteAllTextAsync(path, processor.ToJsonString(), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(
            Path.Combine(Data, "images", "1.png"),
            OracleData.Turned(JpegEncoder.Encode(OracleData.Image(40, 24))),
            TestContext.Current.CancellationToken
        );
        var images = new ImageOptions { ExifOrientation = asked };
        await using var oracle = await FakeOracle.StartAsync();
        await RunAsync(
            oracle,
            _settings with
            {
                Limit = 1,
                Oracle = _settings.Oracle with { Images = images },
                Verifier = _settings.Verifier! with { Embedder = new ReasoningEmbedderOptions { Images = images } },
            }
        );
        var url = oracle.Requests.Single().Request.Body["messages"]![0]!["content"]!
            .AsArray()
            .Select(part => (string?)part!["image_url"]?["url"])
            .OfType<string>()
            .Single();
        var image = ImageDecoder.Decode(Convert.FromBase64String(url[(url.IndexOf(',', StringComparison.Ordinal) + 1)..]), "sent");
        Assert.Equal(turned ? (24, 40) : (40, 24), (image.Width, image.Height));
        Assert.Equal(turned ? true : null, (bool?)Header("answers.jsonl")["exif_orientation"]);
    }

    [Fact]
    public async Task Verdicts_belong_to_what_decides_a_vector_and_not_to_dates_of_files()
    {
        await using var oracle = await FakeOracle.StartAsync();
        await RunAsync(oracle, _settings);
        var verdicts = Path.Combine(_settings.Output, "verdicts.jsonl");
        var before = await File.ReadAllTextAsync(verdicts, TestContext.Current.CancellationToken);
        using (var embedder = ReasoningEmbedder.Load(Model, new ReasoningEmbedderOptions { Preset = ModelPreset.Rge }))
            Assert.Equal(ModelFingerprint.Compute(embedder), (string?)Header("verdicts.jsonl")["model"]);

        File.SetLastWriteTimeUtc(Path.Combine(Model, "config.json"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await RunAsync(oracle, _settings);
        Assert.Equal(before, await File.ReadAllTextAsync(verdicts, TestContext.Current.CancellationToken));

        foreach (
            var images in (ImageOptions[])
                [new() { Truncated = TruncatedImages.Accept }, new() { MaxPixels = 4 * 28 * 28 }, new() { ExifOrientation = true }]
        )
        {
            var other = _settings.Verifier! with { Embedder = new ReasoningEmbedderOptions { Images = images } };
            // The endpoint's images stay as they were.
            await RunAsync(
                oracle,
                _settings with
                {
                    Oracle = _settings.Oracle with { Images = new ImageOptions { ExifOrientation = false } },
                    Verifier = other,
                }
            );
            var after = await File.ReadAllTextAsync(verdicts, TestContext.Current.CancellationToken);
            Assert.NotEqual(Head(before), Head(after));
        }

        static string Head(string journal) => journal[..journal.IndexOf('\n', StringComparison.Ordinal)];
    }

    private JsonNode Header(string journal) => JsonNode.Parse(File.ReadLines(Path.Combine(_settings.Output, journal)).First())!;

    private static async Task RunAsync(FakeOracle oracle, RationaleSettings settings)
    {
        using var endpoint = OracleEndpoint.Connect(oracle.Address, "oracle-1", null);
        await new RationaleJob(settings).RunAsync(endpoint, OraclePrompt.Default, TestContext.Current.CancellationToken);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
