using System.Text.Json.Nodes;
using Rge.Imaging;

namespace Rge.Presets;

/// <summary>Writes presets as <see cref="PresetReader"/> reads them. What has its default is left out.</summary>
internal static class PresetWriter
{
    /// <summary>The content of a preset's file.</summary>
    public static JsonObject Write(ModelPreset preset)
    {
        var json = new JsonObject { ["name"] = preset.Name };
        if (preset.Description.Length > 0)
            json["description"] = preset.Description;
        WritePrompt(json, preset.Prompt);
        Add(json, "instruction", Instruction(preset.Instruction));
        if (preset.EmptyItem is { } empty)
            json["empty_item"] = empty;
        if (preset.MaxImages is { } images)
            json["max_images"] = images;
        json["pooling"] = PresetNames.Of(PresetNames.Poolings, preset.Pooling.Kind);
        if (preset.Pooling.Token is { } token)
            json["pooled_token"] = token;
        Add(json, "reasoning", Reasoning(preset.Reasoning));
        if (!preset.Normalize)
            json["normalize"] = false;
        Add(json, "images", Images(preset.Images));
        if (preset.Positions != default)
            json["positions"] = PresetNames.Of(PresetNames.Schemes, preset.Positions);
        Add(json, "length", Length(preset.Length));
        if (preset.Score is { } score)
            json["score"] = new JsonObject { ["yes"] = score.Yes, ["no"] = score.No };
        return json;
    }

    private static void WritePrompt(JsonObject json, PresetPrompt prompt)
    {
        if (prompt.Template is { } template)
        {
            (json["chat_template"], json["user"]) = (template, prompt.Pattern.ToString());
            if (!prompt.GenerationPrompt)
                json["generation_prompt"] = false;
        }
        else
        {
            json["prompt"] = prompt.Pattern.ToString();
            if (prompt.Image != PresetPrompt.DefaultImage)
                json["image"] = prompt.Image;
        }
        if (prompt.FinalNewline)
            json["final_newline"] = true;
    }

    private static JsonObject Instruction(PresetInstruction instruction)
    {
        var json = new JsonObject();
        if (instruction.Default.Length > 0)
            json["default"] = instruction.Default;
        if (instruction.Strip)
            json["strip"] = true;
        if (instruction.FullStop)
            json["full_stop"] = true;
        if (instruction.Items != default)
            json["items"] = PresetNames.Of(PresetNames.Instructed, instruction.Items);
        return json;
    }

    private static JsonObject Reasoning(PresetReasoning reasoning)
    {
        var json = new JsonObject();
        if (reasoning.Items != default)
            json["items"] = PresetNames.Of(PresetNames.Reasoners, reasoning.Items);
        if (reasoning.EndsWithTurn)
            json["ends_with_turn"] = true;
        if (reasoning.MaxTokens is { } tokens)
            json["max_tokens"] = tokens;
        return json;
    }

    private static JsonObject Images(PresetImages images)
    {
        var json = new JsonObject();
        if (images.Alpha != default)
            json["alpha"] = PresetNames.Of(PresetNames.Alphas, images.Alpha);
        if (images.Steps.Count > 0)
            json["resize"] = new JsonArray([.. images.Steps.Select(Step)]);
        return json;
    }

    private static JsonNode Step(ResizeStep step)
    {
        if (step is SquareStep square)
            return new JsonObject
            {
                ["square"] = new JsonObject { ["below"] = square.Below, ["side"] = square.Side },
            };
        var fit = (FitStep)step;
        var json = new JsonObject();
        if (fit.Rule != default)
            json["rule"] = PresetNames.Of(PresetNames.SizeRules, fit.Rule);
        (json["min_tokens"], json["max_tokens"]) = (fit.MinTokens, fit.MaxTokens);
        return new JsonObject { ["fit"] = json };
    }

    private static JsonObject Length(PresetLength length)
    {
        var json = new JsonObject();
        if (length.MaxTokens is { } tokens)
            json["max_tokens"] = tokens;
        if (length.WhenLonger != default)
            json["when_longer"] = PresetNames.Of(PresetNames.LongPrompts, length.WhenLonger);
        if (length.KeptEnd > 0)
            json["kept_end"] = length.KeptEnd;
        return json;
    }

    private static void Add(JsonObject json, string key, JsonObject section)
    {
        if (section.Count > 0)
            json[key] = section;
    }
}
