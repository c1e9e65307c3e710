using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Cli.Hosting;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Tests;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Mistral.Ilgpu.Server.Tests.Deploy;

/// <summary>
/// The files that put the server elsewhere are well-formed, agree with each other, and give options that there are. None of
/// them is run here.
/// </summary>
[Collection(nameof(TinyServerCollection))]
public sealed partial class DeployTests(TinyServer server)
{
    private static readonly string[] Manifests =
        ["kubernetes/volumes.yaml", "kubernetes/deployment.yaml", "kubernetes/service.yaml"];

    private static string[] Dockerfile { get; } = Continued()
        .Replace(File.ReadAllText(Path.Combine(Repository.Root, "Dockerfile")), " ")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public void Yaml_EachFile_IsWellFormed()
    {
        string[] files =
        [
            .. Directory.EnumerateFiles(Yaml.Folder, "*.yaml", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Yaml.Folder, file)),
        ];
        Assert.Equal(6, files.Length);
        Assert.All(files, file => Assert.All(Yaml.Read(file), root => Assert.IsType<YamlMappingNode>(root)));
    }

    [Fact]
    public void Commands_OfAllFiles_AreThoseOfTheProgram()
    {
        List<string[]> commands = [.. Containers().Select(container => container.Texts("args"))];
        var compose = Yaml.Read("compose.yaml")[0];
        commands.AddRange(new[] { "cpu", "nvidia" }.Select(name => compose.Texts("services", name, "command")));
        commands.Add(JsonSerializer.Deserialize<string[]>(Instruction("CMD"))!);
        var sky = Yaml.Read("skypilot.yaml")[0];
        commands.AddRange(AfterProgram(sky.Text("setup")));
        commands.AddRange(AfterProgram(sky.Text("run")));
        commands.AddRange(AfterProgram(File.ReadAllText(Path.Combine(Yaml.Folder, "mistral.service"))));
        Assert.Equal(8, commands.Count);
        using var terminal = new Terminal(TextReader.Null, TextWriter.Null, TextWriter.Null);
        Assert.All(commands, command =>
        {
            Assert.Contains(command[0], new[] { "serve", "pull" });
            var parse = CommandLine.Root(terminal).Parse(command, CommandLine.Parser);
            Assert.Null(ParseProblem.Of(parse, command));
            Assert.Empty(parse.Errors);
        });
    }

    [Fact]
    public async Task Probes_OfAllFiles_AskWhatTheServerAnswers()
    {
        var mistral = Containers().Single(container => container.Text("name") == "mistral");
        string[] paths =
        [
            .. new[] { "startupProbe", "livenessProbe", "readinessProbe" }.Select(probe => mistral.Text(probe, "httpGet", "path")),
            Deployment().Text("spec", "template", "metadata", "annotations", "prometheus.io/path"),
            Yaml.Read("skypilot.yaml")[0].Text("service", "readiness_probe", "path"),
            HealthPath().Match(Yaml.Read("compose.yaml")[0].Texts("services", "cpu", "healthcheck", "test")[^1]).Groups[1].Value,
        ];
        foreach (string path in paths)
        {
            using var answer = await server.App.Http.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, path);
        }
    }

    [Fact]
    public void Kubernetes_Manifests_AgreeWithEachOther()
    {
        Assert.Equal(
            Manifests, Yaml.Read("kubernetes/kustomization.yaml")[0].Texts("resources").Select(file => $"kubernetes/{file}"));
        var documents = Manifests.SelectMany(Yaml.Read).ToList();
        Assert.All(documents, document => Assert.NotEmpty(document.Text("apiVersion") + document.Text("metadata", "name")));
        var deployment = Deployment();
        var pod = deployment.At("spec", "template", "spec");
        string label = deployment.Text("spec", "selector", "matchLabels", "app");
        Assert.Equal(label, deployment.Text("spec", "template", "metadata", "labels", "app"));
        var service = documents.Single(document => document.Text("kind") == "Service");
        Assert.Equal(label, service.Text("spec", "selector", "app"));
        Assert.Equal("true", pod.Text("securityContext", "runAsNonRoot"));
        string[] volumes = [.. pod.Items("volumes").Select(volume => volume.Text("name"))];
        var claims = documents.Where(document => document.Text("kind") == "PersistentVolumeClaim")
            .Select(claim => claim.Text("metadata", "name"));
        var claimed = pod.Items("volumes").Where(volume => volume.Find("persistentVolumeClaim") is not null)
            .Select(volume => volume.Text("persistentVolumeClaim", "claimName"));
        Assert.Equal(claims.Order(), claimed.Order());
        Assert.All(Containers(), container =>
        {
            Assert.Equal("true", container.Text("securityContext", "readOnlyRootFilesystem"));
            Assert.Equal("false", container.Text("securityContext", "allowPrivilegeEscalation"));
            Assert.Equal(["ALL"], container.Texts("securityContext", "capabilities", "drop"));
            string[] mounts = [.. container.Items("volumeMounts").Select(mount => mount.Text("name"))];
            Assert.Empty(mounts.Except(volumes));
            Assert.Empty(new[] { "models", "cache", "tmp" }.Except(mounts));
        });
        var mistral = Containers().Single(container => container.Text("name") == "mistral");
        Assert.Equal("1", mistral.Text("resources", "limits", "nvidia.com/gpu"));
        Assert.Equal(service.Text("spec", "ports", "0", "targetPort"), mistral.Text("ports", "0", "name"));
        Assert.Contains($"--port={mistral.Text("ports", "0", "containerPort")}", mistral.Texts("args"));
        string drain = mistral.Texts("args").Single(arg => arg.StartsWith("--drain=", StringComparison.Ordinal));
        Assert.True(Seconds(pod.Text("terminationGracePeriodSeconds")) > Seconds(drain["--drain=".Length..]));
    }

    [Fact]
    public void Compose_Services_AreContainedAndBuildStagesThatThereAre()
    {
        var compose = Yaml.Read("compose.yaml")[0];
        string[] volumes = [.. ((YamlMappingNode)compose.At("volumes")).Children.Keys.Select(key => key.ToString())];
        foreach (string name in new[] { "cpu", "nvidia" })
        {
            var service = compose.At("services", name);
            Assert.Contains(service.Text("build", "target"), Stages());
            Assert.True(File.Exists(Path.Combine(Yaml.Folder, service.Text("build", "context"), "Dockerfile")));
            Assert.Equal("true", service.Text("read_only"));
            Assert.Equal(["ALL"], service.Texts("cap_drop"));
            Assert.All(service.Texts("ports"), port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
            Assert.Empty(service.Texts("volumes").Select(volume => volume.Split(':')[0]).Except(volumes));
        }

        Assert.Equal("nvidia", compose.Text("services", "nvidia", "deploy", "resources", "reservations", "devices", "0", "driver"));
    }

    [Fact]
    public void Dockerfile_EachLine_IsAnInstructionAndEachImageHasNoRoot()
    {
        string[] lines = [.. Dockerfile.Where(line => !line.StartsWith('#'))];
        Assert.All(
            lines, line => Assert.Matches("^(FROM|WORKDIR|COPY|RUN|ENV|EXPOSE|VOLUME|STOPSIGNAL|ENTRYPOINT|CMD|USER) ", line));
        Assert.Equal(["build", "base", "cpu", "nvidia"], Stages());
        Assert.Contains("COPY --from=build /app /app", lines);
        foreach (string stage in new[] { "cpu", "nvidia" })
        {
            int start = Array.FindIndex(lines, line => line.EndsWith($" AS {stage}", StringComparison.Ordinal));
            string[] own = [.. lines.Skip(start + 1).TakeWhile(line => !line.StartsWith("FROM ", StringComparison.Ordinal))];
            Assert.Equal("USER $APP_UID", own[^1]);
        }

        Assert.Equal(["dotnet", "/app/mistral.dll"], JsonSerializer.Deserialize<string[]>(Instruction("ENTRYPOINT"))!);
        Assert.Contains(lines, line => line.Contains("dotnet publish src/Mistral.Ilgpu.Cli ", StringComparison.Ordinal));
        Assert.True(Directory.Exists(Path.Combine(Repository.Root, "src", "Mistral.Ilgpu.Cli")));
    }

    [Fact]
    public async Task SystemdUnit_Verified_HasNoProblem()
    {
        const string Analyze = "/usr/bin/systemd-analyze";
        Assert.SkipUnless(File.Exists(Analyze), "no systemd-analyze here");
        using var folder = new TemporaryFolder();
        string unit = File.ReadAllText(Path.Combine(Yaml.Folder, "mistral.service"));
        // What it runs need not be installed here.
        File.WriteAllText(folder.File("mistral.service"), unit.Replace("/usr/bin/dotnet", "/bin/true", StringComparison.Ordinal));
        using var process = Process.Start(new ProcessStartInfo(Analyze, ["verify", "--man=no", folder.File("mistral.service")])
        {
            RedirectStandardError = true,
        })!;

        string problems = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        // Of other units of the machine it may complain too.
        Assert.DoesNotContain("mistral.service", problems, StringComparison.Ordinal);
        Assert.Equal(0, process.ExitCode);
    }

    private static YamlNode Deployment() => Yaml.Read("kubernetes/deployment.yaml").Single();

    private static YamlNode[] Containers()
    {
        var pod = Deployment().At("spec", "template", "spec");
        return [.. pod.Items("initContainers"), .. pod.Items("containers")];
    }

    private static string[] Stages() =>
    [
        .. Dockerfile.Where(line => line.StartsWith("FROM ", StringComparison.Ordinal))
            .Select(line => line[(line.LastIndexOf(" AS ", StringComparison.Ordinal) + 4)..]),
    ];

    private static int Seconds(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Instruction(string name) =>
        Dockerfile.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];

    // The arguments of the program in a script or a unit; variables are arguments.
    private static IEnumerable<string[]> AfterProgram(string text) => text.Split('\n')
        .Where(line => line.Contains("mistral.dll", StringComparison.Ordinal))
        .Select(line => line.Split("mistral.dll", 2)[1].TrimStart('"', ' '))
        .Select(line => line.Split(' ')
            .Select(word => word.Trim('"') is "$MODEL" or "${MISTRAL_MODEL}" ? "owner/name" : word).ToArray());

    [GeneratedRegex(@" *\\\n *")]
    private static partial Regex Continued();

    [GeneratedRegex("GET (/[a-z]+) ")]
    private static partial Regex HealthPath();
}
