using Rge.Files;
using Rge.Imaging;
using Rge.Models.Inputs;

namespace Rge.Presets;

/// <summary>Reads preset files. Unknown keys are refused; errors name the file and the key.</summary>
internal static class PresetReader
{
    private const int MostTokens = 1 << 20,
        MostPixels = 1 << 16;

    private const string ImagePad = "<|image_pad|>";

    private static readonly string[] Keys =
    [
        "name",
        "description",
        "prompt",
        "chat_template",
        "user",
        "generation_prompt",
        "image",
        "final_newline",
        "instruction",
        "empty_item",
        "max_images",
        "pooling",
        "pooled_token",
        "reasoning",
        "normalize",
        "images",
        "positions",
        "length",
        "score",
    ];

    /// <summary>Reads a file.</summary>
    /// <exception cref="CheckpointException">It cannot be read, or is no preset.</exception>
    public static ModelPreset Read(string path) => JsonFile.Read(path, Preset);

    /// <summary>Reads the content of a file.</summary>
    /// <param name="json">The content, in UTF-8.</param>
    /// <param name="path">Its name in errors.</param>
    /// <exception cref="CheckpointException">It is no preset.</exception>
    public static ModelPreset Parse(ReadOnlyMemory<byte> json, string path) => JsonFile.Parse(json, path, Preset);

    private static ModelPreset Preset(JsonField root)
    {
        RequireKnown(root, Keys);
        var preset = new ModelPreset
        {
            Name = NotEmpty(root["name"]),
            Description = root["description"].Text(""),
            Prompt = Prompt(root),
            Instruction = Instruction(root["instruction"]),
            EmptyItem = root["empty_item"].IsMissing ? null : NotEmpty(root["empty_item"]),
            MaxImages = root["max_images"].OptionalInteger(0, MostTokens),
            Pooling = Pooling(root),
            Reasoning = Reasoning(root["reasoning"]),
            Normalize = root["normalize"].Flag(true),
            Images = Images(root["images"]),
            Positions = root["positions"].Choice(PresetNames.Schemes) ?? PositionScheme.Multimodal,
            Length = Length(root["length"]),
            Score = Score(root["score"]),
        };
        PresetRules.Require(root, preset);
        return preset;
    }

    private static PresetPrompt Prompt(JsonField root)
    {
        if (root["prompt"].IsMissing == root["chat_template"].IsMissing)
            throw root["prompt"].Error("and chat_template are alternatives, expected one of them");
        if (!root["prompt"].IsMissing)
        {
            Refuse(root, "user", "belongs to chat_template, which is not given");
            Refuse(root, "generation_prompt", "belongs to chat_template, which is not given");
            var image = root["image"].Text(PresetPrompt.DefaultImage);
            if (image.Split(ImagePad).Length != 2)
                throw root["image"].Unexpected($"a text with {ImagePad} once");
            return new PresetPrompt
            {
                Pattern = Pattern(root["prompt"]),
                Image = image,
                FinalNewline = root["final_newline"].Flag(false),
            };
        }
        Refuse(root, "image", "belongs to prompt; a chat template has its own");
        var template = NotEmpty(root["chat_template"]);
        if (
            template != PresetPrompt.DefaultTemplate
            && (!template.EndsWith(".jinja", StringComparison.Ordinal) || Path.GetFileName(template) != template)
        )
            throw root["chat_template"].Unexpected("\"default\", or the name of a file in the checkpoint's folder that ends in .jinja");
        return new PresetPrompt
        {
            Template = template,
            Pattern = Pattern(root["user"]),
            GenerationPrompt = root["generation_prompt"].Flag(true),
            FinalNewline = root["final_newline"].Flag(false),
        };
    }

    private static PromptPattern Pattern(JsonField field)
    {
        try
        {
            return PromptPattern.Parse(field.Text());
        }
        catch (FormatException e)
        {
            throw field.Error(e.Message, e);
        }
    }

    private static PresetInstruction Instruction(JsonField field)
    {
        RequireKnown(field, ["default", "strip", "full_stop", "items"]);
        return new PresetInstruction
        {
            Default = field["default"].Text(""),
            Strip = field["strip"].Flag(false),
            FullStop = field["full_stop"].Flag(false),
            Items = field["items"].Choice(PresetNames.Instructed) ?? InstructedItems.All,
        };
    }

    private static PresetPooling Pooling(JsonField root)
    {
        var kind = root["pooling"].Choice(PresetNames.Poolings) ?? throw root["pooling"].Error("is missing");
        if (kind == PoolingKind.LastToken)
        {
            Refuse(root, "pooled_token", "is for other kinds of pooling: the last token is what it is");
            return new PresetPooling(kind, Token: null);
        }
        return new PresetPooling(kind, NotEmpty(root["pooled_token"]));
    }

    private static PresetReasoning Reasoning(JsonField field)
    {
        RequireKnown(field, ["items", "ends_with_turn", "max_tokens"]);
        return new PresetReasoning
        {
            Items = field["items"].Choice(PresetNames.Reasoners) ?? ReasoningItems.None,
            EndsWithTurn = field["ends_with_turn"].Flag(false),
            MaxTokens = field["max_tokens"].OptionalInteger(1, MostTokens),
        };
    }

    private static PresetImages Images(JsonField field)
    {
        RequireKnown(field, ["alpha", "resize"]);
        var steps = field["resize"];
        ResizeStep[] resizes = [.. steps.Items("a list of steps").Select(Step)];
        if (!steps.IsMissing && resizes is not [.., FitStep])
            throw steps.Error("ends in another step, expected the last one to be {\"fit\": …}");
        return new PresetImages { Alpha = field["alpha"].Choice(PresetNames.Alphas) ?? AlphaHandling.Drop, Steps = resizes };
    }

    private static ResizeStep Step(JsonField field)
    {
        RequireKnown(field.Object(), ["square", "fit"]);
        if (field.Count != 1)
            throw field.Error($"has {field.Count} members, expected one: square or fit");
        if (!field["square"].IsMissing)
        {
            var square = field["square"].Object();
            RequireKnown(square, ["below", "side"]);
            return new SquareStep(square["below"].Integer(1, MostPixels), square["side"].Integer(1, MostPixels));
        }
        var fit = field["fit"].Object();
        RequireKnown(fit, ["rule", "min_tokens", "max_tokens"]);
        var least = fit["min_tokens"].Integer(1, MostTokens);
        return new FitStep(
            fit["rule"].Choice(PresetNames.SizeRules) ?? SizeRule.Transformers,
            least,
            fit["max_tokens"].Integer(least, MostTokens)
        );
    }

    private static PresetLength Length(JsonField field)
    {
        RequireKnown(field, ["max_tokens", "when_longer", "kept_end"]);
        var length = new PresetLength
        {
            MaxTokens = field["max_tokens"].OptionalInteger(1, MostTokens),
            WhenLonger = field["when_longer"].Choice(PresetNames.LongPrompts) ?? LongPrompt.Refuse,
            KeptEnd = field["kept_end"].OptionalInteger(0, MostTokens) ?? 0,
        };
        if (length.WhenLonger != LongPrompt.Refuse && length.MaxTokens is null)
            throw field["max_tokens"].Error("is missing, expected the length at which prompts are cut");
        if (length.KeptEnd > 0 && length.WhenLonger != LongPrompt.CutOrdinary)
            throw field["kept_end"].Error("is for when_longer \"cut_ordinary\" only");
        return length;
    }

    private static PresetScore? Score(JsonField field)
    {
        if (field.IsMissing)
            return null;
        RequireKnown(field, ["yes", "no"]);
        return new PresetScore(NotEmpty(field["yes"]), NotEmpty(field["no"]));
    }

    private static void Refuse(JsonField root, string key, string why)
    {
        if (!root[key].IsMissing)
            throw root[key].Error(why);
    }

    private static string NotEmpty(JsonField field) => field.Text() is { Length: > 0 } text ? text : throw field.Unexpected("a text");

    private static void RequireKnown(JsonField field, string[] keys)
    {
        foreach (var (name, member) in field.Members())
            if (!keys.Contains(name, StringComparer.Ordinal))
                throw member.Error($"is no key of a preset, expected one of {string.Join(", ", keys)}");
    }
}
