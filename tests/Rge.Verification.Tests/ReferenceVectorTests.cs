using Rge.Models;
using Rge.Tests.Shared;
using Rge.Tests.Shared.Embedders;
using static TorchSharp.torch;

namespace Rge.Verification.Tests;

public sealed class ReferenceVectorTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static TheoryData<string> Families => [.. Golden.Families()];

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Every_quantity_is_within_its_tolerance(string family) =>
        await CheckAsync(Golden.Require(family), new VerificationOptions());

    [Theory]
    [MemberData(nameof(Families))]
    public async Task Embeddings_in_bfloat16_are_close_to_those_in_float32(string family) =>
        await CheckAsync(Golden.Require(family), new VerificationOptions { DType = ScalarType.BFloat16 });

    [Theory]
    [InlineData("qwen2_vl", 15, 0, 1)]
    [InlineData("qwen3_vl", 9, 5, 3)]
    [InlineData("qwen3_5", 7, 0, 1)]
    public async Task Presets_of_published_checkpoints_are_compared(string family, int cases, int scores, int leftOut)
    {
        var rows = await ReferenceVectors.CheckAsync(Golden.Require("presets", family));
        Assert.All(rows, row => Assert.True(row.Passed, $"{row.Quantity}: {row.WorstCase}"));
        foreach (var quantity in (string[])["preset prompts", "preset input ids", "preset pooled tokens", "preset embeddings"])
            Assert.Equal(cases, rows.Single(row => row.Quantity == quantity).Cases);
        Assert.Equal(scores, rows.Single(row => row.Quantity == "reranker scores").Cases);
        Assert.Equal(leftOut, rows.Single(row => row.Quantity == "preset cases with videos, not compared").Cases);
    }

    [Theory]
    [InlineData("qwen2_vl", 15)]
    [InlineData("qwen3_vl", 9)]
    [InlineData("qwen3_5", 7)]
    public async Task Presets_in_bfloat16_are_close_to_those_in_float32(string family, int cases)
    {
        var options = new VerificationOptions { DType = ScalarType.BFloat16 };
        var rows = await ReferenceVectors.CheckAsync(Golden.Require("presets", family), options);
        Assert.All(rows, row => Assert.True(row.Passed, row.ToString()));
        Assert.Equal(cases, rows.Single(row => row.Quantity == "preset embeddings").Cases);
    }

    [Fact]
    public void The_repository_has_a_folder_for_each_family() =>
        Assert.Equal(
            Enum.GetValues<ModelFamily>().Order(),
            Golden
                .Families()
                .Where(family => string.Equals(family, Golden.Family(Path.GetFileName(family)), StringComparison.Ordinal))
                .Select(family => QwenVlConfig.Load(Golden.Require(family, "model")).Family)
                .Order()
        );

    [Fact]
    public async Task A_folder_of_tokenizer_files_and_texts_is_checked() =>
        await CheckAsync(Golden.Require("qwen2-tokenizer"), new VerificationOptions());

    [Fact]
    public async Task A_difference_is_found_and_named()
    {
        foreach (var file in (string[])["tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"])
            if (File.Exists(Path.Combine(fixture.Folder, file)))
                File.Copy(Path.Combine(fixture.Folder, file), Path.Combine(_folder, file));
        var ids = string.Join(',', fixture.Embedder.Processor.Tokenizer.Encode("the cat"));
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "cases.json"),
            $$"""[{"text": "the cat", "ids": [{{ids}}]}, {"text": "the cat", "ids": [{{ids}}, 7]}]"""
        );
        var reported = new List<VerificationRow>();
        var rows = await ReferenceVectors.CheckAsync(_folder, progress: new Listener(reported.Add));
        Assert.Equal(rows, reported);
        var row = Assert.Single(rows, row => row.IsPresent);
        Assert.False(row.Passed);
        Assert.Equal(("tokenizer ids", 2, 1, 0), (row.Quantity, row.Cases, row.LargestDifference, row.Tolerance));
        Assert.EndsWith("the end, expected '7'", row.WorstCase, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{}]")]
    [InlineData("[{\"text\": 1, \"ids\": []}]")]
    [InlineData("[3")]
    public async Task A_folder_of_another_layout_is_refused(string cases)
    {
        File.Copy(Path.Combine(fixture.Folder, "tokenizer.json"), Path.Combine(_folder, "tokenizer.json"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "cases.json"), cases);
        var error = await Assert.ThrowsAsync<CheckpointException>(() => ReferenceVectors.CheckAsync(_folder));
        Assert.Contains(_folder, error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<CheckpointException>(() => ReferenceVectors.CheckAsync(Path.Combine(_folder, "none")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed class Listener(Action<VerificationRow> report) : IProgress<VerificationRow>
    {
        public void Report(VerificationRow value) => report(value);
    }

    private static async Task CheckAsync(string folder, VerificationOptions options)
    {
        var rows = await ReferenceVectors.CheckAsync(folder, options, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var row in rows)
            TestContext.Current.TestOutputHelper?.WriteLine(row.ToString());
        Assert.Contains(rows, row => row.IsPresent);
        Assert.All(rows, row => Assert.True(row.Passed, row.ToString()));
    }
}
