using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>Writes the JSON of a continued text: of one prompt, of one among many, or of a turn of a chat.</summary>
internal static class GenerationJson
{
    /// <param name="settings">Everything besides the prompt that determines the text; null to omit it.</param>
    public static void Write(Utf8JsonWriter json, TextGeneration text, LoadedModel loaded, JsonObject? settings)
    {
        var (info, timings) = (loaded.Language.Info, text.Timings);
        WriteStart(json, loaded, text.PromptIds);
        json.WriteIds("ids", text.Ids);
        json.WriteString("text", text.Text);
        json.WriteString("finish_reason", text.FinishReason.Name());
        json.WriteStartObject("timings");
        json.WriteMilliseconds("load_ms", info.LoadTime);
        json.WriteMilliseconds("compile_ms", info.CompileTime);
        json.WriteNumber("prefill_tokens", timings.PrefillTokens);
        json.WriteMilliseconds("prefill_ms", timings.PrefillTime);
        json.WriteNumber("decode_tokens", timings.DecodeTokens);
        json.WriteMilliseconds("decode_ms", timings.DecodeTime);
        json.WriteMilliseconds("first_token_ms", timings.FirstTokenTime);
        json.WriteEndObject();
        WriteEnd(json, settings);
    }

    /// <summary>Writes the result of a prompt that cannot be continued.</summary>
    public static void WriteError(
        Utf8JsonWriter json, IReadOnlyList<int> promptIds, string error, LoadedModel loaded, JsonObject? settings)
    {
        WriteStart(json, loaded, promptIds);
        json.WriteString("error", error);
        WriteEnd(json, settings);
    }

    private static void WriteStart(Utf8JsonWriter json, LoadedModel loaded, IReadOnlyList<int> promptIds)
    {
        json.WriteStartObject();
        json.WriteString("model", loaded.Language.Info.Name);
        json.WriteString("device", loaded.Language.Info.Device);
        json.WriteIds("prompt_ids", promptIds);
    }

    private static void WriteEnd(Utf8JsonWriter json, JsonObject? settings)
    {
        if (settings is not null)
        {
            json.WritePropertyName(ResultFile.SettingsName);
            settings.WriteTo(json);
        }

        json.WriteEndObject();
    }
}
