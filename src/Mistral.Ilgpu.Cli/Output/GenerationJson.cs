using System.Text.Json;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>The JSON of a continued text: of a prompt, of one of many, of a turn of a chat.</summary>
internal static class GenerationJson
{
    public static void Write(Utf8JsonWriter json, Generation.Generation generation, LoadedModel loaded) => Write(
        json, loaded, generation.PromptIds, generation.Ids, generation.Text, generation.FinishReason, generation.Timings);

    public static void Write(Utf8JsonWriter json, BatchedGeneration generation, LoadedModel loaded) => Write(
        json, loaded, generation.PromptIds, generation.Ids, generation.Text, generation.FinishReason, generation.Timings);

    private static void Write(
        Utf8JsonWriter json, LoadedModel loaded, IReadOnlyList<int> promptIds, IReadOnlyList<int> ids, string text, FinishReason reason, GenerationTimings timings)
    {
        json.WriteStartObject();
        json.WriteString("model", loaded.Checkpoint.Name);
        json.WriteString("device", loaded.Device.Info.Id);
        json.WriteIds("prompt_ids", promptIds);
        json.WriteIds("ids", ids);
        json.WriteString("text", text);
        json.WriteString("finish_reason", reason switch
        {
            FinishReason.Stop => "stop",
            FinishReason.Length => "length",
            _ => "cancelled",
        });
        json.WriteStartObject("timings");
        json.WriteMilliseconds("load_ms", loaded.LoadTime);
        json.WriteNumber("prefill_tokens", timings.PrefillTokens);
        json.WriteMilliseconds("prefill_ms", timings.PrefillTime);
        json.WriteNumber("decode_tokens", timings.DecodeTokens);
        json.WriteMilliseconds("decode_ms", timings.DecodeTime);
        json.WriteMilliseconds("first_token_ms", timings.FirstTokenTime);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
