using System.Text.Json;
using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>A profile's timeline in the Chrome trace event format (JSON object format), which Perfetto opens.</summary>
internal static class ProfileTrace
{
    private const int Process = 1;
    private const int HostThread = 1;
    private const int DeviceThread = 2;

    /// <param name="title">The name of the process in the timeline.</param>
    public static void Write(Utf8JsonWriter json, ModelProfile profile, string title)
    {
        var origin = profile.Passes[0].Begin;
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        Name("process_name", HostThread, title);
        Name("thread_name", HostThread, "host");
        Name("thread_name", DeviceThread, "device");
        foreach (var pass in profile.Passes)
        {
            Event(
                pass.IsPrefill ? $"prefill {pass.Pass.TokenCount}" : "decode", "pass", HostThread,
                pass.Begin, pass.End, () => json.WriteNumber("tokens", pass.Pass.TokenCount));
            foreach (var step in pass.Steps)
            {
                Event(step.Step.Name, step.Step.Kind, DeviceThread, step.Begin, step.End, () =>
                {
                    json.WriteNumber("bytes", step.Cost.Bytes);
                    json.WriteNumber("operations", step.Cost.Operations);
                });
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();

        void Name(string what, int thread, string name)
        {
            json.WriteStartObject();
            json.WriteString("name", what);
            json.WriteString("ph", "M");
            json.WriteNumber("pid", Process);
            json.WriteNumber("tid", thread);
            json.WriteStartObject("args");
            json.WriteString("name", name);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        void Event(string name, string category, int thread, TimeSpan begin, TimeSpan end, Action writeArguments)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("cat", category);
            json.WriteString("ph", "X");
            json.WriteNumber("pid", Process);
            json.WriteNumber("tid", thread);
            json.WriteNumber("ts", (begin - origin).TotalMicroseconds);
            json.WriteNumber("dur", (end - begin).TotalMicroseconds);
            json.WriteStartObject("args");
            writeArguments();
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }
}
