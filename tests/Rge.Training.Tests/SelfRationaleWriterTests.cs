using Rge.Data;
using Rge.Models;
using Rge.ShapeWorld;
using Rge.ShapeWorld.Scenes;
using Rge.Training.Batches;
using Rge.Training.Objective;

namespace Rge.Training.Tests;

/// <summary>What the oracle wrote makes self rationales come sooner, and never other ones.</summary>
public sealed class SelfRationaleWriterTests : IDisposable
{
    private const int Longest = 7;

    private readonly string _folder = Directory.CreateTempSubdirectory("rge-own-").FullName;
    private readonly QwenVlModel _model;
    private readonly QwenVlProcessor _processor;
    private readonly GenerationOptions _generation;
    private readonly IReadOnlyList<EncodedQuery> _queries;

    public SelfRationaleWriterTests()
    {
        ShapeWorldCheckpoint.Write(_folder, seed: 1);
        _model = QwenVlModel.Load(_folder);
        _processor = QwenVlProcessor.Load(_folder);
        _generation = new GenerationOptions { MaxRationaleTokens = Longest, BannedTokens = [.. _processor.Tokenizer.SpecialTokens.Values] };
        _queries = [.. Enumerable.Range(0, 10).SelectMany(Queries)];
    }

    public void Dispose()
    {
        _model.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("what the model writes")]
    [InlineData("more than the model may write")]
    [InlineData("another token in the middle")]
    [InlineData("the end in the middle")]
    [InlineData("something else")]
    public async Task Rationales_are_those_of_the_decoder_whatever_the_oracle_wrote(string oracle)
    {
        // An untrained model never comes to <emb>, so a token that it often writes takes the part.
        var free = Decode(embToken: _processor.Tokenizer.SpecialTokens.Values.First());
        var end = free.SelectMany(tokens => tokens.Skip(2)).CountBy(token => token).MaxBy(count => count.Value).Key;
        var expected = Decode(end);
        Assert.Contains(expected, tokens => tokens.Length < Longest);
        Assert.Contains(expected, tokens => tokens.Length == Longest);

        using var own = new SelfRationaleWriter(_model, _processor, end, _generation, rows: 16);
        Assert.Equal(
            expected,
            await own.WriteAsync(
                [.. _queries.Zip(expected, (query, tokens) => query with { Rationale = Oracle(tokens) })],
                TestContext.Current.CancellationToken
            )
        );

        int[] Oracle(int[] tokens) =>
            oracle switch
            {
                "nothing" => [],
                "what the model writes" => [.. tokens, end],
                "more than the model may write" => [.. tokens, .. tokens, .. tokens, end],
                "another token in the middle" => [.. tokens.Take(2), 5, .. tokens.Skip(3), end],
                "the end in the middle" => [.. tokens.Take(3), end],
                _ => [5, 5, 5, 5, 5, 5, 5, 5, 5, end],
            };
    }

    [Fact]
    public void Sampled_rationales_are_refused() =>
        Assert.Throws<ArgumentException>(() =>
            new SelfRationaleWriter(_model, _processor, 0, _generation with { Temperature = 1 }, rows: 1)
        );

    /// <summary>Four queries of one image and words that mean nothing.</summary>
    private IEnumerable<EncodedQuery> Queries(int number)
    {
        var image = _processor.Images.Process(new ShapeWorldSamples(1, WorldSplit.Train).Labelled(number).Image);
        var config = _model.Config;
        int[] shown = [config.VisionStartTokenId, .. Enumerable.Repeat(config.ImageTokenId, 9), config.VisionEndTokenId];
        var random = new Random(number);
        var sample = new TrainingSample
        {
            Dataset = "test",
            Source = "test",
            Query = EmbeddingInput.Query("test"),
        };
        return Enumerable
            .Range(1, 4)
            .Select(words => new EncodedQuery(
                sample,
                [.. shown, .. Enumerable.Range(0, words).Select(_ => random.Next(300))],
                [image],
                []
            ));
    }

    private int[][] Decode(int embToken)
    {
        using var decoder = new DecodingEngine(_model, embToken);
        var requests = _queries.Select(query => new DecodeRequest(query.Prompt, query.Images) { Generation = _generation }).ToArray();
        return
        [
            .. decoder
                .DecodeAsync(requests)
                .GetAwaiter()
                .GetResult()
                .Select(sequence => sequence.RationaleIds.Where(token => token != embToken).ToArray()),
        ];
    }
}
