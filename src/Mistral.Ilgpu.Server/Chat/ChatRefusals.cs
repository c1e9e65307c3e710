using System.Text.Json;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>Fields that would change the answer and that there is nothing for. Other unknown fields are ignored.</summary>
internal static class ChatRefusals
{
    private static readonly (string Name, string Why)[] Refused =
    [
        ("functions", "is replaced by tools"),
        ("function_call", "is replaced by tool_choice"),
        ("audio", "the model makes no audio"),
        ("web_search_options", "the model does not search"),
        ("prediction", "predicted outputs are not supported"),
    ];

    public static void Check(JsonElement root)
    {
        foreach (var (name, why) in Refused)
        {
            if (root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                throw ApiException.Unsupported(name, why);
            }
        }
    }
}
