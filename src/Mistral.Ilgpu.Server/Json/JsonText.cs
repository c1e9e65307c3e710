using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mistral.Ilgpu.Server.Json;

/// <summary>How JSON is written.</summary>
internal static class JsonText
{
    /// <summary>The options with text as it is, because nothing here is put into HTML.</summary>
    public static JsonSerializerOptions Plain(JsonSerializerOptions options) =>
        new(options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
