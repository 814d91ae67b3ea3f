using Rge.Imaging;
using Rge.Models;
using Rge.Presets;
using Rge.Prompts;
using Rge.Tests.Shared.Embedders;

namespace Rge.Tests.Presets;

/// <summary>What presets make of items: places, limits, and what they refuse.</summary>
public sealed class PresetPromptTests(EmbedderFixture fixture) : IClassFixture<EmbedderFixture>
{
    private static readonly ModelPreset Plain = ModelPreset.Named("qwen3-vl-embedding");

    private QwenVlConfig Config => ((QwenVlModel)fixture.Embedder.GetService(typeof(QwenVlModel))!).Config;

    [Fact]
    public void Images_go_before_texts_and_special_tokens_of_a_user_are_text()
    {
        var item = new EmbeddingInput
        {
            Content = [new TextPart("a<|im_end|>"), new ImagePart(EmbedderFixture.Image(1)), new TextPart("b")],
            Instruction = "<|im_start|>!",
        };
        var prompts = Prompts(Plain);
        var text = prompts.Text(item);
        Assert.EndsWith(
            "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>a<|im_end|>b<|im_end|>\n<|im_start|>assistant\n",
            text.ToString(),
            StringComparison.Ordinal
        );
        var ids = fixture.Embedder.Processor.Tokenizer.Encode(text);
        Assert.Equal(3, ids.Count(id => id == fixture.Embedder.Processor.Tokenizer.SpecialTokens["<|im_start|>"]));
        Assert.Equal(2, ids.Count(id => id == fixture.Embedder.Processor.Tokenizer.SpecialTokens["<|im_end|>"]));
    }

    [Fact]
    public void An_instruction_without_a_place_goes_before_the_text()
    {
        var preset = Plain with
        {
            Prompt = new PresetPrompt { Pattern = PromptPattern.Parse("{images}{text}|") },
            Instruction = new(),
        };
        var item = EmbeddingInput.Query("dog", EmbedderFixture.Image(1)) with { Instruction = "Find:" };
        Assert.Equal("<|vision_start|><|image_pad|><|vision_end|>Find: dog|", Prompts(preset).Text(item).ToString());
        Assert.Equal("Find:|", Prompts(preset).Text(new EmbeddingInput { Instruction = "Find:" }).ToString());
    }

    [Fact]
    public void Items_that_the_preset_has_no_place_for_are_refused()
    {
        var gme = Prompts(ModelPreset.Named("gme"));
        AssertRefused("2 images, expected at most 1", () =>
            gme.Content(EmbeddingInput.Query("a", EmbedderFixture.Image(1), EmbedderFixture.Image(2)))
        );
        AssertRefused("every target has the same one", () => gme.Text(EmbeddingInput.Target("a") with { Instruction = "b" }));
        AssertRefused("The item is empty", () => gme.Content(new EmbeddingInput()));
        AssertRefused("expected reasoning off", () => gme.Build(EmbeddingInput.Query("a"), [], reasons: true));
        var generative = Prompts(Written with { Reasoning = new() { Items = ReasoningItems.All } });
        var silent = Prompts(Written with { Name = "silent", Reasoning = new() });
        var reasoned = EmbeddingInput.Query("a") with { Rationale = "b" };
        AssertRefused("The preset silent has no place for a rationale", () => silent.Build(reasoned, [], reasons: false));
        AssertRefused("The preset silent has no place for a rationale", () => silent.Build(EmbeddingInput.Query("a"), [], reasons: true));
        AssertRefused("expected reasoning on", () => generative.Build(EmbeddingInput.Query("a"), [], reasons: false));
    }

    [Fact]
    public void A_given_rationale_gets_the_pooled_token_that_it_lacks()
    {
        var prompts = Prompts(
            Written with
            {
                Reasoning = new() { Items = ReasoningItems.All, EndsWithTurn = true },
            }
        );
        var item = EmbeddingInput.Query("a") with { Rationale = "b<emb>c", AllowSpecialTokens = true };
        var prompt = prompts.Build(item, [], reasons: false);
        Assert.Equal(prompts.EmbTokenId, prompt.TokenIds[prompt.PooledIndex]);
        Assert.True(prompt.PooledIndex < prompt.TokenIds.Length - 1);
        var without = prompts.Build(item with { Rationale = "b" }, [], reasons: false);
        Assert.Equal((prompts.EmbTokenId, without.TokenIds.Length - 1), (without.TokenIds[^1], without.PooledIndex));
    }

    [Fact]
    public void The_end_of_a_long_prompt_is_cut_but_no_image()
    {
        var item = EmbeddingInput.Query(string.Concat(Enumerable.Repeat("word ", 40)));
        var whole = Prompts(Plain).Build(item, [], reasons: false).TokenIds;
        var prompts = Prompts(
            Plain with
            {
                Length = new() { MaxTokens = 30, WhenLonger = LongPrompt.CutEnd },
            }
        );
        var prompt = prompts.Build(item, [], reasons: false);
        Assert.Equal(whole[..30], prompt.TokenIds);
        Assert.Equal(29, prompt.PooledIndex);
        AssertRefused("its images are beyond them", () =>
            prompts.Build(EmbeddingInput.Query(null, EmbedderFixture.Image(1)), [new ImageGrid(1, 12, 12)], reasons: false)
        );
        AssertRefused($"The item has {whole.Length} tokens, expected at most 30.", () =>
            Prompts(Plain with { Length = new() { MaxTokens = 30 } }).Build(item, [], reasons: false)
        );
    }

    [Fact]
    public void Ordinary_tokens_are_cut_from_the_end_and_the_rest_stays()
    {
        var item = EmbeddingInput.Query(string.Concat(Enumerable.Repeat("word ", 40)));
        var whole = Prompts(Plain).Build(item, [], reasons: false).TokenIds;
        var rule = new PresetLength
        {
            MaxTokens = 30,
            WhenLonger = LongPrompt.CutOrdinary,
            KeptEnd = 5,
        };
        var cut = Prompts(Plain with { Length = rule }).Build(item, [], reasons: false).TokenIds;
        Assert.Equal(30 + 5, cut.Length);
        Assert.Equal(whole[^5..], cut[^5..]);
        var special = fixture.Embedder.Processor.Tokenizer.SpecialTokens.Values.ToHashSet();
        Assert.Equal(whole.Where(special.Contains), cut.Where(special.Contains));
        var ordinary = cut[..^5].Where(id => !special.Contains(id)).ToArray();
        Assert.Equal(whole.Where(id => !special.Contains(id)).Take(ordinary.Length), ordinary);
    }

    [Theory]
    [InlineData(LongPrompt.CutEnd)]
    [InlineData(LongPrompt.CutOrdinary)]
    public void More_images_than_the_length_are_refused_before_there_is_room_for_them(LongPrompt rule)
    {
        var prompts = Prompts(
            Plain with
            {
                Length = new() { MaxTokens = 30, WhenLonger = rule },
            }
        );
        var item = EmbeddingInput.Query(null, EmbedderFixture.Image(1));
        ImageGrid[] grids = [new(1, 4000, 4000)];
        AssertRefused("its images are beyond them", () => prompts.Build(item, [new ImageGrid(1, 12, 12)], reasons: false));
        var before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused("of which 30 are read, and its images are beyond them", () => prompts.Build(item, grids, reasons: false));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
    }

    [Fact]
    public void What_is_left_of_a_long_prompt_must_fit_too()
    {
        var rule = new PresetLength { MaxTokens = 30, WhenLonger = LongPrompt.CutOrdinary };
        var item = EmbeddingInput.Query(string.Concat(Enumerable.Repeat("<|im_end|>word ", 40))) with { AllowSpecialTokens = true };
        var whole = Prompts(Plain).Build(item, [], reasons: false).TokenIds;
        var left = Prompts(Plain with { Length = rule }).Build(item, [], reasons: false).TokenIds.Length;
        Assert.InRange(left, 40, whole.Length - 1);
        var prompts = new PromptBuilder(Config, fixture.Embedder.Processor, Plain with { Length = rule }, maxTokens: left - 1);
        AssertRefused($"The item has {whole.Length} tokens, {left} of them once it is cut, expected at most {left - 1}.", () =>
            prompts.Build(item, [], reasons: false)
        );
        // Of which as many are left as the rule says: the prompt's own number is told all the same.
        var few = new PromptBuilder(Config, fixture.Embedder.Processor, Plain with { Length = rule }, maxTokens: 20);
        AssertRefused($"The item has {whole.Length} tokens, 30 of them", () => few.Build(item, [], reasons: false));
    }

    [Fact]
    public void An_end_that_is_longer_than_the_prompt_is_kept_whole()
    {
        var item = EmbeddingInput.Query(string.Concat(Enumerable.Repeat("word ", 40)));
        var whole = Prompts(Plain).Build(item, [], reasons: false).TokenIds;
        var rule = new PresetLength
        {
            MaxTokens = 30,
            WhenLonger = LongPrompt.CutOrdinary,
            KeptEnd = whole.Length + 1,
        };
        Assert.Equal(whole, Prompts(Plain with { Length = rule }).Build(item, [], reasons: false).TokenIds);
    }

    [Fact]
    public void A_given_area_is_held_against_the_limits_of_the_preset_and_not_of_the_folder()
    {
        var most = ImageProcessorConfig.FromFolder(fixture.Folder).MaxPixels;
        var given = new ReasoningEmbedderOptions { Images = new ImageOptions { MinPixels = most + 1 } };
        var preset = Plain with { Images = new() { Steps = [new FitStep(SizeRule.QwenVlUtils, 4, 1 << 20)] } };
        using var embedder = ReasoningEmbedder.Load(fixture.Folder, given with { Preset = preset });
        Assert.Equal(most + 1, embedder.Processor.Images.Config.MinPixels);
        Assert.Throws<CheckpointException>(() =>
            ReasoningEmbedder.Load(fixture.Folder, given with { Preset = Plain with { Images = new() } })
        );
    }

    [Fact]
    public void Two_ways_to_ask_for_a_preset_exclude_each_other() =>
        Assert.Throws<ArgumentException>(() =>
            ReasoningEmbedder.Load(fixture.Folder, new ReasoningEmbedderOptions { Pooling = EmbeddingPooling.LastToken, Preset = Plain })
        );

    [Fact]
    public async Task What_follows_the_pooled_token_of_a_prompt_does_not_matter()
    {
        var token = new PresetPooling(PoolingKind.PromptToken, "<emb>");
        var ends = Plain with
        {
            Prompt = new PresetPrompt { Pattern = PromptPattern.Parse("{images}{text}<emb>") },
            Pooling = token,
        };
        var goesOn = ends with { Prompt = new PresetPrompt { Pattern = PromptPattern.Parse("{images}{text}<emb> and more") } };
        var vectors = new List<float[]>();
        foreach (var preset in (ModelPreset[])[ends, goesOn])
        {
            using var embedder = ReasoningEmbedder.Load(fixture.Folder, new ReasoningEmbedderOptions { Preset = preset });
            var item = EmbeddingInput.Query("a red kite", EmbedderFixture.Image(1));
            vectors.Add((await embedder.EmbedAsync(item, cancellationToken: TestContext.Current.CancellationToken)).Vector.ToArray());
        }
        Assert.Equal(vectors[0], vectors[1]);
    }

    private static ModelPreset Written =>
        Plain with
        {
            Pooling = new PresetPooling(PoolingKind.WrittenToken, "<emb>"),
            Reasoning = new() { Items = ReasoningItems.AsAsked },
        };

    private PromptBuilder Prompts(ModelPreset preset) => new(Config, fixture.Embedder.Processor, preset);

    private static void AssertRefused(string part, Func<object> build) =>
        Assert.Contains(part, Assert.Throws<EmbeddingException>(build).Message, StringComparison.Ordinal);
}
